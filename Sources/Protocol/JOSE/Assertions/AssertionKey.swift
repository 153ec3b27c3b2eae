internal import Crypto
internal import CryptoExtras
internal import OAuth
package import SecretMemory

/// What a client signs its assertions with. Crypto's types keep their keys until they are freed, and wipe none of it.
package struct AssertionKey: Sendable {
    private enum Material: Sendable {
        case secret(SecretBytes)
        case rsa(_RSA.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
    }

    /// Which of its keys the provider is to check with (RFC 7515 §4.1.4).
    package let id: String?
    private let material: Material

    private init(_ material: Material, id: String? = nil) {
        self.material = material
        self.id = id
    }

    /// For `client_secret_jwt`. RFC 7518 §3.2 wants 32 bytes or more, but the provider has chosen the secret.
    package init(secret: SecretBytes) { self.init(.secret(secret)) }

    init(rsa key: _RSA.Signing.PrivateKey, id: String? = nil) { self.init(.rsa(key), id: id) }

    init(p256 key: P256.Signing.PrivateKey, id: String? = nil) { self.init(.p256(key), id: id) }

    /// Each key is for one algorithm (RFC 7518 §3.1).
    package var algorithm: String {
        switch material {
        case .secret: "HS256"
        case .rsa: "RS256"
        case .p256: "ES256"
        }
    }

    func sign(_ input: [UInt8]) throws(ClientProofFailure) -> [UInt8] {
        do {
            switch material {
            case .secret(let secret):
                let key = secret.withBytes { SymmetricKey(data: $0) }
                return Array(HMAC<SHA256>.authenticationCode(for: input, using: key))
            case .rsa(let key):
                let digest = SHA256.hash(data: input)
                return Array(try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
            case .p256(let key): return Array(try key.signature(for: SHA256.hash(data: input)).rawRepresentation)
            }
        } catch {
            throw ClientProofFailure("the client's key cannot sign", hint: "check that it is whole, or make a new one")
        }
    }
}
