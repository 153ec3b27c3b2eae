public import AgentAPI
public import OAuth

/// The port through which an account's refresh token is spent: one request to its provider.
public protocol GrantRefresher: Sendable {
    /// Whether the credential is of the issuer and the client that the account's settings name: no other provider may
    /// ever see it.
    func mayReceive(_ credential: Credential) -> Bool
    /// Whether the account's settings allow this person; nil is somebody who is not known.
    func allows(_ identity: Identity?) -> Bool
    /// Whether a refresh ends every access token that the provider has issued to the login before, whatever it is for.
    var refreshEndsTokens: Bool { get }
    /// Checks the ID token of a grant to the credential's client. May have to fetch the provider's keys.
    func identify(_ grant: TokenGrant, for credential: Credential) async -> IdentityVerdict
    /// RFC 6749 §6, for the login's own token or one with another target. Never cancelled half-way: the reply may hold
    /// the only copy of the next refresh token.
    func refresh(_ credential: Credential, for target: TokenTarget?) async -> RefreshReply
}
