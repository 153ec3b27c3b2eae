public import OAuth

/// The port through which an account's refresh token is spent: one request to its provider.
public protocol GrantRefresher: Sendable {
    /// RFC 6749 §6. Never cancelled half-way: the reply may hold the only copy of the next refresh token.
    func refresh(_ credential: Credential) async -> RefreshReply
}
