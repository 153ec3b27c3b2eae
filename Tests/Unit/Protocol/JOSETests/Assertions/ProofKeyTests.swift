import JOSE
import OAuth
import SecretMemory
import Testing

struct ProofKeyTests {
    @Test("the challenge is the example of RFC 7636 appendix B")
    func vector() throws {
        let octets: [UInt8] = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191,
            240, 91, 88, 5, 88, 83, 132, 141, 121,
        ]
        let key = ProofKey { count in
            #expect(count == 32)
            return octets
        }
        #expect(key.verifier.revealedText() == "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        #expect(key.challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test(
        "an error text blames missing PKCE only if it names it",
        arguments: [
            ("Missing parameter: code_challenge_method", true), ("PKCE is required", true),
            ("Missing code challenge", true), ("PKCE code verifier not specified", true),
            ("Missing parameter: scope", false), ("device code is wrong", false), (nil, false),
        ] as [(String?, Bool)])
    func blamed(words: String?, isBlamed: Bool) { #expect(ProofKey.isBlamed(in: words) == isBlamed) }
}
