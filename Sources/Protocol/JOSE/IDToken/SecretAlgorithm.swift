internal import Crypto
internal import SecretMemory

/// The algorithms that sign with the client secret (OpenID Connect Core 1.0 §10.1, RFC 7518 §3.2).
///
/// A type of its own, so that a public key cannot be used as an HMAC secret (RFC 8725 §2.1).
package enum SecretAlgorithm: String, CaseIterable, Sendable {
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"

    /// Compares in constant time. False if the secret is empty.
    func isValid(_ signature: [UInt8], over input: [UInt8], secret: SecretBytes) -> Bool {
        guard secret.count > 0 else { return false }
        return secret.withBytes { bytes in
            let key = SymmetricKey(data: bytes)
            return switch self {
            case .hs256: HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: input, using: key)
            case .hs384: HMAC<SHA384>.isValidAuthenticationCode(signature, authenticating: input, using: key)
            case .hs512: HMAC<SHA512>.isValidAuthenticationCode(signature, authenticating: input, using: key)
            }
        }
    }

    /// Hashes `bytes` with the algorithm's hash function.
    func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        return switch self {
        case .hs256: Array(SHA256.hash(data: bytes))
        case .hs384: Array(SHA384.hash(data: bytes))
        case .hs512: Array(SHA512.hash(data: bytes))
        }
    }
}
