public import AgentAPI

/// What a request needs from the rules.
public struct AccessRequest: Equatable, Sendable {
    /// All of them, the most telling one first.
    public var permissions: [Permission]
    /// Nil: the agent as a whole.
    public var account: AccountName?
    /// Those that the request names.
    public var scopes: [String]

    public init(_ permissions: [Permission], on account: AccountName?, scopes: [String] = []) {
        self.permissions = permissions
        self.account = account
        self.scopes = scopes
    }
}
