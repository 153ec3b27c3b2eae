public import AgentAPI

/// A request as the rules see it.
public struct AccessRequest: Equatable, Sendable {
    /// The required permissions, the most significant first.
    public var permissions: [Permission]
    /// `nil` if the request is about the agent as a whole.
    public var account: AccountName?
    /// The scopes that the request names.
    public var scopes: [String]

    public init(_ permissions: [Permission], on account: AccountName?, scopes: [String] = []) {
        self.permissions = permissions
        self.account = account
        self.scopes = scopes
    }
}
