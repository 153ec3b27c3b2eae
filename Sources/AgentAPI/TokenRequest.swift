/// What a program asks for with `GET /v1/accounts/{account}/token`.
public struct TokenRequest: Hashable, Sendable {
    /// Seconds that the token has to live at least, if the provider's tokens live that long.
    public var minimumValidity: Int

    public init(minimumValidity: Int = Limits.defaultMinimumValidity) { self.minimumValidity = minimumValidity }
}
