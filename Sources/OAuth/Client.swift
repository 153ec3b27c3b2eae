internal import FoundationEssentials
public import SecretMemory

/// How a client proves who it is at the token endpoint (RFC 6749 §2.3).
public enum ClientAuthentication: String, CaseIterable, Sendable {
    case none
    case clientSecretBasic = "client_secret_basic"
    case clientSecretPost = "client_secret_post"

    /// The best method that the server lists. RFC 8414 §2: a server that lists none means `client_secret_basic`.
    public static func choose(hasSecret: Bool, supported: [String]?) -> Self {
        guard hasSecret else { return .none }
        guard let supported, !supported.contains(clientSecretBasic.rawValue) else { return .clientSecretBasic }
        return supported.contains(clientSecretPost.rawValue) ? .clientSecretPost : .clientSecretBasic
    }
}

/// The client as it is registered at the provider.
public struct Client: Sendable {
    public let id: String
    /// Nil for a public client.
    public let secret: SecretBytes?
    /// Always `none` without a secret.
    public let authentication: ClientAuthentication

    public init(id: String, secret: SecretBytes? = nil, authentication: ClientAuthentication) {
        self.id = id
        self.secret = secret
        self.authentication = secret == nil ? .none : authentication
    }
}

extension Client {
    /// The `Authorization` header of `client_secret_basic`. The id and the secret are form-encoded first, so that a
    /// colon in the id does not move the border between them (RFC 6749 §2.3.1).
    ///
    /// Headers are text, so this is a copy of the secret that cannot be wiped.
    package var authorization: String? {
        guard authentication == .clientSecretBasic, let secret else { return nil }
        let pair = FormEncoding.encode(id.utf8) + ":".utf8 + secret.withBytes { FormEncoding.encode($0) }
        return "Basic \(Data(pair).base64EncodedString())"
    }

    /// What identifies the client in the body of a request.
    ///
    /// With `client_secret_basic` nothing: RFC 6749 §2.3 allows one method per request, and some servers take a
    /// `client_id` beside the header for a second one.
    package var parameters: [FormEncoding.Parameter] {
        switch authentication {
        case .none: [.plain("client_id", id)]
        case .clientSecretBasic: []
        case .clientSecretPost: [.plain("client_id", id)] + (secret.map { [.secret("client_secret", $0)] } ?? [])
        }
    }
}
