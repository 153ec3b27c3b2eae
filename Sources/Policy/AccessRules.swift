public import AgentAPI

/// Who may do what with which account. Pure: the same facts always get the same decision.
public struct AccessRules: Equatable, Sendable {
    /// The user that the agent runs as.
    public var owner: UInt32

    public init(owner: UInt32) { self.owner = owner }

    /// Decides over one account, or, without one, over the agent as a whole.
    public func decide(_ permission: Permission, on account: AccountName?, for caller: Caller) -> Decision {
        // Root can read the agent's memory anyway.
        caller.user == owner || caller.user == 0 ? Decision(isAllowed: true, rule: nil) : .nobody
    }

    /// Whether there is anything at all that the caller may do, as far as user and groups tell: who has nothing is
    /// refused before a byte of the request is read.
    public func mayConnect(_ caller: Caller) -> Bool { caller.user == owner || caller.user == 0 }
}
