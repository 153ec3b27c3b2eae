/// A client authentication method at the token endpoint (RFC 6749 §2.3), named as in the metadata.
public enum ClientAuthentication: String, CaseIterable, Sendable {
    case none
    case clientSecretBasic = "client_secret_basic"
    case clientSecretPost = "client_secret_post"
    /// An assertion signed with the client secret (RFC 7523 §2.2, OpenID Connect Core 1.0 §9).
    case clientSecretJWT = "client_secret_jwt"
    /// An assertion signed with a key whose public half is registered at the provider.
    case privateKeyJWT = "private_key_jwt"
    /// A TLS client certificate from an authority that the provider trusts (RFC 8705 §2.1).
    case tlsClientAuth = "tls_client_auth"
    /// The same on the wire; the certificate itself is registered at the provider (RFC 8705 §2.2).
    case selfSignedTLSClientAuth = "self_signed_tls_client_auth"

    /// What a method requires.
    public enum Means: Sendable {
        case secret
        case key
        /// With its key.
        case certificate
    }

    /// `nil` if the method is `none`.
    public var means: Means? {
        switch self {
        case .none: nil
        case .clientSecretBasic, .clientSecretPost, .clientSecretJWT: .secret
        case .privateKeyJWT: .key
        case .tlsClientAuth, .selfSignedTLSClientAuth: .certificate
        }
    }

    /// Whether each request contains the secret itself.
    var sendsSecret: Bool { self == .clientSecretBasic || self == .clientSecretPost }

    /// Returns the first of the server's methods that the client has the means for, a certificate or key before a
    /// secret. The default is `client_secret_basic`, which an absent list means (RFC 8414 §2).
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
