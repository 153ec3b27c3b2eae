import JOSE
import TestSupport
import Testing

struct MutationTests {
    @Test("O1: a token with any single byte changed is refused", arguments: ["ES256", "EdDSA"])
    func everyByte(algorithm: String) throws {
        let fixture = try IDTokenFixture(TokenSigner(algorithm))
        let token = Array(try fixture.token().utf8)
        var accepted: [String] = []
        func attempt(_ bytes: [UInt8]) {
            let text = String(decoding: bytes, as: UTF8.self)
            if (try? fixture.verify(text)) != nil { accepted.append(text) }
        }
        for index in token.indices {
            for letter in [token[index] ^ 1, token[index] ^ 0x20, UInt8(ascii: "A"), UInt8(ascii: ".")]
            where letter != token[index] {
                var changed = token
                changed[index] = letter
                attempt(changed)
            }
            var shorter = token
            shorter.remove(at: index)
            attempt(shorter)
            var longer = token
            longer.insert(token[index], at: index)
            attempt(longer)
        }
        #expect(accepted.isEmpty)
    }

    @Test("a truncated or damaged key set is read without a crash")
    func damagedKeys() throws {
        let signer = try TokenSigner()
        var fixture = try IDTokenFixture(signer)
        let token = try fixture.token()
        let document = Array(try TokenSigner.keySet(signer).utf8)
        for index in document.indices {
            var damaged = document
            damaged[index] ^= 1
            for text in [damaged, Array(document[..<index])] {
                guard let keys = IDTokenFixture.keys(text) else { continue }
                fixture.keys = keys
                _ = try? fixture.verify(token)
            }
        }
    }
}
