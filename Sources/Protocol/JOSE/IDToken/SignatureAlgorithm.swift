internal import Crypto

/// The accepted public-key algorithms (RFC 7518 §3.1, RFC 8037 §3.1).
///
/// Without `none` and the HMACs: an attacker could use the issuer's public key as an HMAC secret (RFC 8725 §2.1 and
/// §3.2).
package enum SignatureAlgorithm: String, CaseIterable, Sendable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"

    /// Hashes `bytes` with the algorithm's hash function; for Ed25519 with its internal one.
    func hash(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let bytes = Array(bytes)
        return switch self {
        case .rs256, .ps256, .es256: Array(SHA256.hash(data: bytes))
        case .rs384, .ps384, .es384: Array(SHA384.hash(data: bytes))
        case .rs512, .ps512, .es512, .edDSA: Array(SHA512.hash(data: bytes))
        }
    }
}
