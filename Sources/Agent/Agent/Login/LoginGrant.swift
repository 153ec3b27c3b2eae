internal import AgentAPI
internal import Configuration
internal import OAuth
internal import Vault

/// A way to log in, from the first request to the provider's grant. What comes before and after is the same for each, and
/// in `LoginRun`.
protocol LoginGrant: Sendable {
    /// Ends when its task is cancelled. Reports the prompt first, once there is one.
    func run() async throws(LoginError) -> GrantedLogin
}

/// What a login works with, whatever its grant.
struct LoginContext: Sendable {
    let server: AuthorizationServer
    /// The issuer's metadata; `nil` if only endpoints are known.
    let metadata: ServerMetadata?
    /// A fallback, tried once if the server refuses the client; `nil` without another way to authenticate.
    var otherwise: AuthorizationServer?
    let settings: AccountSettings
    let demands: LoginDemands
    let time: any Time
    let randomBytes: @Sendable (Int) -> [UInt8]
    /// Whether a person has cancelled the login.
    let isCancelled: @Sendable () -> Bool
    let report: @Sendable (LoginProgress) -> Void
}

/// The result of a grant.
struct GrantedLogin: Sendable {
    var grant: TokenGrant
    /// When the token request was sent; `expires_in` counts from here.
    var requestedAt: ContinuousClock.Instant
    /// The client authentication that worked, if it was the fallback.
    var authentication: ClientAuthentication?
    /// What the ID token must repeat; `nil` if nothing was sent for it.
    var nonce: String?
    /// The scopes that were requested; `nil` if those of the settings.
    var scopes: [String]?
}

/// The progress of a login.
enum LoginProgress: Sendable {
    /// What the user needs, without what is the same for each grant; its `expiresIn` is that of `deadline`.
    case prompt(LoginPrompt, deadline: ContinuousClock.Instant)
    case slowed(interval: Int)
    case retrying(detail: String)
    /// The provider has answered a poll; the login is not approved yet.
    case answered
}
