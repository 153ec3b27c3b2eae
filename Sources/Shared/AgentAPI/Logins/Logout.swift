/// The body of `POST /v1/accounts/{account}/logout`.
public struct LogoutRequest: Codable, Equatable, Sendable {
    /// Whether to forget the login without revoking it at the provider.
    public var local: Bool?
    /// Whether to forget the client too, and delete its registration if the agent made it (RFC 7592).
    public var forgetClient: Bool?

    public init(local: Bool? = nil, forgetClient: Bool? = nil) {
        self.local = local
        self.forgetClient = forgetClient
    }

    /// Whether the request differs from the usual logout, which revokes the login and keeps the client.
    public var goesFurther: Bool { local == true || forgetClient == true }

    enum CodingKeys: String, CodingKey {
        case local
        case forgetClient = "forget_client"
    }
}

/// The result of each step of a logout.
public struct LogoutReply: Codable, Equatable, Sendable {
    public var account: AccountName
    /// Whether the provider confirmed the revocation (RFC 7009).
    public var revoked: Bool
    /// The reason if `revoked` is false.
    public var reason: String?
    public var forgotten: Bool
    /// Whether the provider confirmed the deletion of the client's registration; `nil` if it was not requested.
    public var clientForgotten: Bool?
    /// The reason if `clientForgotten` is false.
    public var clientReason: String?
    /// The paths of files that the agent could not remove, and that may still hold a token; `nil` if there are none.
    public var filesLeft: [String]?

    public init(
        account: AccountName, revoked: Bool, reason: String? = nil, forgotten: Bool, clientForgotten: Bool? = nil,
        clientReason: String? = nil, filesLeft: [String]? = nil
    ) {
        self.account = account
        self.revoked = revoked
        self.reason = reason
        self.forgotten = forgotten
        self.clientForgotten = clientForgotten
        self.clientReason = clientReason
        self.filesLeft = filesLeft
    }

    enum CodingKeys: String, CodingKey {
        case account, revoked, reason, forgotten
        case clientForgotten = "client_forgotten"
        case clientReason = "client_reason"
        case filesLeft = "files_left"
    }
}
