/// The body of `POST /v1/accounts/{account}/logout`.
public struct LogoutRequest: Codable, Equatable, Sendable {
    /// Forget without telling the provider.
    public var local: Bool?
    /// Forget the client as well, and have the provider delete it if the agent has registered it (RFC 7592).
    public var forgetClient: Bool?

    public init(local: Bool? = nil, forgetClient: Bool? = nil) {
        self.local = local
        self.forgetClient = forgetClient
    }

    /// Whether it asks for more or less than the usual: that the provider is told, and that the client stays.
    public var goesFurther: Bool { local == true || forgetClient == true }

    enum CodingKeys: String, CodingKey {
        case local
        case forgetClient = "forget_client"
    }
}

/// What a logout achieved, step by step.
public struct LogoutReply: Codable, Equatable, Sendable {
    public var account: AccountName
    /// Whether the provider confirmed the revocation (RFC 7009).
    public var revoked: Bool
    /// Why not, when `revoked` is false.
    public var reason: String?
    public var forgotten: Bool
    /// Whether the provider confirmed that the client's registration is deleted; nil when nobody asked for that.
    public var clientForgotten: Bool?
    /// Why not, when `clientForgotten` is false.
    public var clientReason: String?

    public init(
        account: AccountName, revoked: Bool, reason: String? = nil, forgotten: Bool, clientForgotten: Bool? = nil,
        clientReason: String? = nil
    ) {
        self.account = account
        self.revoked = revoked
        self.reason = reason
        self.forgotten = forgotten
        self.clientForgotten = clientForgotten
        self.clientReason = clientReason
    }

    enum CodingKeys: String, CodingKey {
        case account, revoked, reason, forgotten
        case clientForgotten = "client_forgotten"
        case clientReason = "client_reason"
    }
}
