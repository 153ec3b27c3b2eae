public import AgentAPI

/// Why no token can be served. The agent makes text of it.
public enum TokenFailure: Error, Equatable, Sendable {
    case loginRequired(LoginRequiredReason)
    /// The account serves nothing until it is unlocked.
    case locked(LockReason)
    /// The store that holds the refresh token cannot be read.
    case store(StoreFailure)
    /// Network, 5xx, an unreadable reply: a later attempt may succeed.
    case providerUnreachable(detail: String)
    /// The provider does not renew the login until a person logs in or acts there. The login is kept, and tried again
    /// after the back-off.
    case loginDemanded(LoginRequiredReason, detail: String)
    /// The provider refused in a way that does not confirm the end of the login.
    case providerRejected(detail: String)
    /// The renewed ID token is forged, or of another issuer, client or person: its grant is not used.
    case identityRefused(IdentityRefusal)
    /// An ID token was requested, and there is none.
    case noIDToken(NoIDToken)
    /// No token can be had for the requested scopes, resource or audience; the login is not affected.
    case targetRefused(TargetRefusal)
    /// The provider refuses the client (`invalid_client` and similar): the configuration is wrong, not the login.
    case clientRefused(code: String, detail: String?)
    /// The provider's metadata is not what it was at the login; nothing was sent.
    case providerChanged(detail: String)
    /// The client left, or its time was up, while the request waited for another refresh; nothing was sent.
    case abandoned
    /// The provider issues no token to an account without a person.
    case grantRefused(GrantRefusal)
    /// The token is made from one of this account, which needs a login; nothing was sent.
    case subjectLoginRequired(AccountName)
    /// The account cannot be used as it is configured; nothing was sent.
    case configuration(detail: String)
}

public enum LoginRequiredReason: String, Sendable {
    case notLoggedIn = "not_logged_in"
    /// The provider answered `invalid_grant`: the refresh token is expired or revoked.
    case grantExpired = "invalid_grant"
    /// `invalid_grant` after a refresh whose answer was lost or unreadable, or one definite refusal after the agent stopped
    /// during a refresh: the provider had most likely replaced the refresh token.
    case rotationLost = "rotation_lost"
    /// The provider demands another factor, a consent or the like (OpenID Connect Core 1.0 §3.1.2.6).
    case interactionRequired = "interaction_required"
    /// Three definite refusals in a row without an OAuth error, or with one that some providers use for a dead grant.
    case providerRejected = "provider_rejected"
    /// The store's record of the account cannot be read by this agent.
    case recordUnreadable = "record_unreadable"
    /// The account file names another issuer, client or person than the login's.
    case settingsChanged = "settings_changed"
    /// The registered client has expired, and the provider refuses it.
    case clientExpired = "client_expired"
    /// The access token that was the credential itself has expired, or a refresh token to renew it with is missing.
    case noRefreshToken = "no_refresh_token"
    /// The login has ended, and the agent has asked on the user's phone to renew it.
    case renewalPending = "renewal_pending"
}
