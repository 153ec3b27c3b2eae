import Crypto
import Formats
import Foundation
import JOSE
import OAuth
import TestSupport
import Testing

struct AlgorithmTests {
    static let algorithms = SignatureAlgorithm.allCases.map(\.rawValue)

    @Test("O1: a valid token is accepted with every supported algorithm", arguments: algorithms)
    func accepted(algorithm: String) throws {
        let fixture = try IDTokenFixture(TokenSigner(algorithm))
        let claims = try fixture.verify(fixture.token())
        #expect(claims.issuer == IDTokenFixture.issuer)
        #expect(claims.subject == "u-1")
        #expect(claims.audience == ["tv"])
        #expect(claims.email == "ann@example.com")
        #expect(claims.name == "Ann")
    }

    @Test("O1: a change in any part of a token invalidates its signature", arguments: algorithms)
    func tampered(algorithm: String) throws {
        let fixture = try IDTokenFixture(TokenSigner(algorithm))
        let parts = try fixture.token().split(separator: ".").map(String.init)
        let payload = Base64URL.encode(TokenSigner.object(IDTokenFixture.claims(["sub": #""u-2""#])).utf8)
        let header = Base64URL.encode(fixture.signer.header(["typ": #""jwt""#]).utf8)
        var signature = try #require(Base64URL.decode(parts[2].utf8))
        signature[signature.count / 2] ^= 1
        let wrong = IDTokenRejection.badSignature(isKeyKnown: true)
        #expect(try fixture.refusal("\(parts[0]).\(payload).\(parts[2])") == wrong)
        #expect(try fixture.refusal("\(header).\(parts[1]).\(parts[2])") == wrong)
        #expect(try fixture.refusal("\(parts[0]).\(parts[1]).\(Base64URL.encode(signature))") == wrong)
        #expect(try fixture.refusal("\(parts[0]).\(parts[1]).") == wrong)
        #expect(
            try fixture.refusal("\(parts[0]).\(parts[1]).\(Base64URL.encode([UInt8](repeating: 0, count: 64)))")
                == wrong)
    }

    @Test(
        "J1: an algorithm outside the list is refused, in upper and lower case",
        arguments: [
            "none", "None", "NONE", "nOnE", "", "HS1", "hs256", "HS2560", "RS1", "ES256K", "rs256", "RSA-OAEP",
        ])
    func refused(algorithm: String) throws {
        let fixture = try IDTokenFixture()
        let token = try fixture.token(header: ["alg": "\"\(algorithm)\""])
        #expect(try fixture.refusal(token) == .algorithmRefused(algorithm))
        let unsigned = token.split(separator: ".").prefix(2).joined(separator: ".") + "."
        #expect(try fixture.refusal(unsigned) == .algorithmRefused(algorithm))
    }

    @Test(
        "J1: an HMAC with the public key as its secret is refused, in every form of the key",
        arguments: ["RS256", "ES256"])
    func confusion(algorithm: String) throws {
        var fixture = try IDTokenFixture(TokenSigner(algorithm))
        let members = try fixture.signer.members()
        let forms = [
            TokenSigner.object(members), try TokenSigner.keySet(fixture.signer), members["n"] ?? members["x"] ?? "",
        ]
        for secret in forms {
            let header = Base64URL.encode(fixture.signer.header(["alg": #""HS256""#]).utf8)
            let input = header + "." + Base64URL.encode(TokenSigner.object(IDTokenFixture.claims).utf8)
            let code = HMAC<SHA256>.authenticationCode(
                for: Data(input.utf8), using: SymmetricKey(data: Data(secret.utf8)))
            let token = input + "." + Base64URL.encode(Array(code))
            #expect(try fixture.refusal(token) == .noClientSecret)
            fixture.useSecret("the client's own")
            #expect(try fixture.refusal(token) == .badSignature(isKeyKnown: true))
            fixture.useSecret(nil)
        }
    }

    @Test("J1: an HMAC is verified only with the client secret", arguments: SecretAlgorithm.allCases)
    func secret(algorithm: SecretAlgorithm) throws {
        var fixture = try IDTokenFixture()
        fixture.keys = try IDTokenFixture.keySet(#"{"keys":[]}"#)
        let secret = "a+b/c=:%d e"
        let full = TokenSigner.code(algorithm.rawValue, "at", secret: nil)
        let hash = Base64URL.encode(full.prefix(full.count / 2))
        let token = TokenSigner.token(
            IDTokenFixture.claims(["at_hash": "\"\(hash)\""]), algorithm: algorithm.rawValue, secret: secret)
        #expect(try fixture.refusal(token) == .noClientSecret)
        fixture.useSecret(secret)
        #expect(try fixture.verify(token).subject == "u-1")
        #expect(try fixture.refusal(token, accessToken: "other") == .wrongAccessTokenHash)
        for other in ["", "a+b/c=:%d", "a%2Bb%2Fc%3D%3A%25d+e"] {
            fixture.useSecret(other)
            #expect(try fixture.refusal(token) == .badSignature(isKeyKnown: true))
        }
        fixture.useSecret(secret)
        for claimed in SecretAlgorithm.allCases where claimed != algorithm {
            let header = Base64URL.encode(#"{"alg":"\#(claimed.rawValue)"}"#.utf8)
            let rest = token.split(separator: ".").dropFirst().joined(separator: ".")
            #expect(try fixture.refusal("\(header).\(rest)") == .badSignature(isKeyKnown: true))
        }
    }

    @Test("J1: a token that must be signed with a key is refused with the client secret")
    func secretIsNoKey() throws {
        var fixture = try IDTokenFixture()
        fixture.keys = try IDTokenFixture.keySet(#"{"keys":[]}"#)
        fixture.useSecret("s3cret")
        #expect(try fixture.refusal(fixture.token()) == .unknownKey(id: "k1"))
        #expect(try fixture.refusal(fixture.token(header: ["alg": #""none""#])) == .algorithmRefused("none"))
    }

    @Test("J1: a key is used only with the algorithms of its type and curve")
    func crossed() throws {
        for made in Self.algorithms {
            let fixture = try IDTokenFixture(TokenSigner(made))
            for claimed in Self.algorithms where claimed != made {
                let refusal = try fixture.refusal(fixture.token(header: ["alg": "\"\(claimed)\""]))
                let isSameKey =
                    made.first.map { "RP".contains($0) } == true && claimed.first.map { "RP".contains($0) } == true
                #expect(
                    refusal == (isSameKey ? .badSignature(isKeyKnown: true) : .unfitKey(id: "k1", algorithm: claimed)),
                    "\(made) as \(claimed)")
            }
        }
    }

    @Test("J1: a symmetric key published by mistake is ignored")
    func symmetric() throws {
        var fixture = try IDTokenFixture()
        fixture.keys = try IDTokenFixture.keySet(#"{"keys":[{"kty":"oct","kid":"k1","alg":"HS256","k":"c2VjcmV0"}]}"#)
        #expect(fixture.keys.keys.isEmpty)
        #expect(try fixture.refusal(fixture.token()) == .unknownKey(id: "k1"))
    }
}
