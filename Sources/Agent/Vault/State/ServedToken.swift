/// A token as it is handed to a client.
public struct ServedToken: Sendable, Equatable {
    public internal(set) var token: AccessToken
    /// Whole seconds of life left at the moment of serving; nil when the token does not expire.
    public let secondsLeft: Int?
    public let note: Note?

    /// Why a token is served that lives shorter than was asked for.
    public enum Note: Sendable, Equatable {
        /// The provider's tokens never live that long.
        case providerTokensAreShorter
        /// The refresh failed in this way, and this one is still valid.
        case renewalFailed(TokenFailure)
    }

    package init(_ token: AccessToken, at now: ContinuousClock.Instant, note: Note?) {
        self.token = token
        secondsLeft = token.secondsLeft(at: now)
        self.note = note
    }
}
