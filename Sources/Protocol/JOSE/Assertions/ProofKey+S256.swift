internal import Crypto
internal import Formats
package import OAuth
internal import SecretMemory

extension ProofKey {
    /// A new one, for one login: 32 random bytes as RFC 7636 §4.1 recommends, and their challenge by §4.2.
    package init(randomBytes: (Int) -> [UInt8]) {
        let verifier = Base64URL.encode(randomBytes(32))
        self.init(
            verifier: SecretBytes(verifier), challenge: Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8))))
        )
    }
}
