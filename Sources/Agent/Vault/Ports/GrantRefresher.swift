public import AgentAPI
public import OAuth

/// The port through which an account's refresh token is spent: one request to its provider.
public protocol GrantRefresher: Sendable {
    /// Whether the credential belongs to the issuer and the client that the account's settings name: no other provider
    /// may ever see it.
    func mayReceive(_ credential: Credential) -> Bool
    /// Whether the account's settings allow this person; `nil` if the person is not known.
    func allows(_ identity: Identity?) -> Bool
    /// Whether a refresh ends every earlier access token of the login, of any target.
    var refreshEndsTokens: Bool { get }
    /// Verifies the ID token of a grant to the credential's client. May fetch the provider's keys.
    func identify(_ grant: TokenGrant, for credential: Credential) async -> IdentityVerdict
    /// Refreshes the login's own token, or one with a target (RFC 6749 §6). `claims` is what a service has demanded of the
    /// token, as JSON (OpenID Connect Core 1.0 §5.5). Never cancelled half-way: the reply may hold the only copy of the
    /// next refresh token.
    func refresh(_ credential: Credential, for target: TokenTarget?, claims: String?) async -> RefreshReply
}
