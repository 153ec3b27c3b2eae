/// What a program asks for with `GET /v1/accounts/{account}/token`.
public struct TokenRequest: Hashable, Sendable {
    /// Seconds that the token has to live at least, if the provider's tokens live that long.
    public var minimumValidity: Int
    /// Whether the login's ID token is wanted as well.
    public var includesIDToken: Bool

    public init(minimumValidity: Int = Limits.defaultMinimumValidity, includesIDToken: Bool = false) {
        self.minimumValidity = minimumValidity
        self.includesIDToken = includesIDToken
    }
}
