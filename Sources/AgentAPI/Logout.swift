/// The body of `POST /v1/accounts/{account}/logout`.
public struct LogoutRequest: Codable, Equatable, Sendable {
    /// Forget without telling the provider.
    public var local: Bool?

    public init(local: Bool? = nil) { self.local = local }
}

/// What a logout achieved, step by step.
public struct LogoutReply: Codable, Equatable, Sendable {
    public var account: AccountName
    /// Whether the provider confirmed the revocation (RFC 7009).
    public var revoked: Bool
    /// Why not, when `revoked` is false.
    public var reason: String?
    public var forgotten: Bool

    public init(account: AccountName, revoked: Bool, reason: String? = nil, forgotten: Bool) {
        self.account = account
        self.revoked = revoked
        self.reason = reason
        self.forgotten = forgotten
    }
}
