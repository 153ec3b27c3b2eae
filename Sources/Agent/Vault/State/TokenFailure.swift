/// Why no token can be served. Text for people is made by whoever speaks to them.
public enum TokenFailure: Error, Equatable, Sendable {
    case loginRequired(LoginRequiredReason)
    /// The account serves nothing until it is unlocked.
    case locked(LockReason)
    /// The store that holds the refresh token cannot be read.
    case store(StoreFailure)
    /// Network, 5xx, nonsense: trying again later may help.
    case providerUnreachable(detail: String)
    /// The provider does not renew the login until a person logs in or does something else there. The login is kept, and
    /// tried again after the back-off.
    case loginDemanded(LoginRequiredReason, detail: String)
    /// The provider refused in a way that is no confirmed end of the login.
    case providerRejected(detail: String)
    /// The renewed ID token is forged, foreign or another person's: what came with it is not used.
    case identityRefused(IdentityRefusal)
    /// An ID token was asked for, and there is none.
    case noIDToken(NoIDToken)
    /// Other scopes, a resource or an audience were asked for, and there is no such token; the login is not affected.
    case targetRefused(TargetRefusal)
    /// The client itself is refused (`invalid_client` and its like): the configuration is wrong, the login is not.
    case clientRefused(code: String, detail: String?)
    /// The provider's metadata is not what it was at the login; nothing was sent.
    case providerChanged(detail: String)
    /// The account cannot be used as it is configured; nothing was sent.
    case configuration(detail: String)
}

public enum LoginRequiredReason: String, Sendable {
    case notLoggedIn = "not_logged_in"
    /// The provider said `invalid_grant`: the refresh token is expired or revoked.
    case grantExpired = "invalid_grant"
    /// The same after a refresh whose answer was lost or could not be read, or one definite refusal after the agent was
    /// stopped in the middle of a refresh: the provider had most likely replaced the refresh token.
    case rotationLost = "rotation_lost"
    /// The provider demands another factor, a consent or the like (OpenID Connect Core 1.0 §3.1.2.6).
    case interactionRequired = "interaction_required"
    /// Three definite refusals in a row without an OAuth error, or with one that some providers use for a dead grant.
    case providerRejected = "provider_rejected"
    /// The store has a record for the account that this agent cannot read.
    case recordUnreadable = "record_unreadable"
    /// The account file names another issuer, client or person than the one that the login belongs to.
    case settingsChanged = "settings_changed"
    /// The client that the provider had registered for the account has expired, and the provider does not take it.
    case clientExpired = "client_expired"
    /// The access token that was the credential itself has expired, or there is no refresh token to renew it with.
    case noRefreshToken = "no_refresh_token"
}
