internal import Crypto
internal import Formats
package import OAuth
internal import SecretMemory

extension ProofKey {
    /// Creates a key for one login: 32 random bytes as recommended by RFC 7636 §4.1, and their challenge (§4.2).
    package init(randomBytes: (Int) -> [UInt8]) {
        let verifier = Base64URL.encode(randomBytes(32))
        self.init(
            verifier: SecretBytes(verifier), challenge: Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8))))
        )
    }
}
