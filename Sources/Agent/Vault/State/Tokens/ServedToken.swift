/// A token as it is handed to a client.
public struct ServedToken: Sendable, Equatable {
    public internal(set) var token: AccessToken
    /// Whole seconds left at the moment of serving; `nil` if the token does not expire.
    public let secondsLeft: Int?
    public let note: Note?

    /// Why the token lives shorter than requested.
    public enum Note: Sendable, Equatable {
        /// The provider's tokens never live that long.
        case providerTokensAreShorter
        /// The refresh failed, and this token is still valid.
        case renewalFailed(TokenFailure)
    }

    package init(_ token: AccessToken, at now: ContinuousClock.Instant, note: Note?) {
        self.token = token
        secondsLeft = token.secondsLeft(at: now)
        self.note = note
    }
}
