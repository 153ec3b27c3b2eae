/// The limits of a caller, which the server passes beside the caller's own request.
public struct CallerLimits: Hashable, Sendable {
    /// The most that a token or a login may grant; `nil` if the rules set no bound.
    public var bound: TokenBound?
    /// The user to whom refusals of the provider count; `nil` for the owner and root.
    public var user: UInt32?

    public init(bound: TokenBound? = nil, user: UInt32? = nil) {
        self.bound = bound
        self.user = user
    }
}
