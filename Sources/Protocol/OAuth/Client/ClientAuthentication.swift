/// How a client proves who it is at the token endpoint (RFC 6749 §2.3), by the names that metadata has for it.
public enum ClientAuthentication: String, CaseIterable, Sendable {
    case none
    case clientSecretBasic = "client_secret_basic"
    case clientSecretPost = "client_secret_post"
    /// An assertion, signed with the client's secret (RFC 7523 §2.2, OpenID Connect Core 1.0 §9).
    case clientSecretJWT = "client_secret_jwt"
    /// An assertion, signed with a key whose public half the provider knows.
    case privateKeyJWT = "private_key_jwt"
    /// A certificate in the TLS handshake, from an authority that the provider trusts (RFC 8705 §2.1).
    case tlsClientAuth = "tls_client_auth"
    /// The same on the wire; the provider knows the certificate itself (RFC 8705 §2.2).
    case selfSignedTLSClientAuth = "self_signed_tls_client_auth"

    /// What a method cannot do without.
    public enum Means: Sendable {
        case secret
        case key
        /// With its key.
        case certificate
    }

    /// Nil for `none`.
    public var means: Means? {
        switch self {
        case .none: nil
        case .clientSecretBasic, .clientSecretPost, .clientSecretJWT: .secret
        case .privateKeyJWT: .key
        case .tlsClientAuth, .selfSignedTLSClientAuth: .certificate
        }
    }

    /// Whether the secret itself is in each request.
    var sendsSecret: Bool { self == .clientSecretBasic || self == .clientSecretPost }

    /// The first of the server's methods that the client has the means for. A certificate or a key, which nobody
    /// configures by accident, comes before a secret. Where the server lists none of them, the usual one: RFC 8414 §2
    /// has a list that is absent mean `client_secret_basic`.
    public static func choose(
        hasSecret: Bool, hasKey: Bool = false, hasCertificate: Bool = false, supported: [String]?
    ) -> Self {
        var candidates: [Self] = []
        if hasCertificate { candidates += [.tlsClientAuth, .selfSignedTLSClientAuth] }
        if hasKey { candidates.append(.privateKeyJWT) }
        if hasSecret { candidates += [.clientSecretBasic, .clientSecretPost, .clientSecretJWT] }
        return candidates.first { supported?.contains($0.rawValue) ?? false } ?? candidates.first ?? .none
    }
}
