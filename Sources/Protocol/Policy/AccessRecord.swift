public import AgentAPI

/// One decision and what came of it, for whoever keeps a record. It has no token in it.
///
/// Executable, unit, scopes and account are the caller's words or the work of others: to be cleaned before they are
/// shown.
public struct AccessRecord: Equatable, Sendable {
    public var caller: Caller
    /// The user to whom the caller's user ID is subordinate (subuid(5)); nil if it is not.
    public var owner: UInt32?
    /// What was asked for, the most telling one first.
    public var permissions: [Permission]
    /// Nil: the agent as a whole.
    public var account: AccountName?
    /// What the request may reach at most: those that it names, else the rule's; empty if neither names any.
    public var scopes: [String]
    public var result: Result
    /// Of a refusal that no rule has decided: `browser`, `foreign_host`, `caller_lost`.
    public var reason: String?
    /// The rule that decided, from 1; nil: the default.
    public var rule: Int?

    public enum Result: Equatable, Sendable {
        case allowed
        /// Allowed by the rules, and then it failed.
        case failed(Problem.Code)
        /// By the rules, or because the caller is not who connected.
        case refused(Problem.Code)
    }

    public init(
        caller: Caller, permissions: [Permission], account: AccountName?, scopes: [String], result: Result,
        reason: String? = nil, rule: Int?, owner: UInt32? = nil
    ) {
        self.caller = caller
        self.owner = owner
        self.permissions = permissions
        self.account = account
        self.scopes = scopes
        self.result = result
        self.reason = reason
        self.rule = rule
    }
}

/// Takes one record for each decision. Called on the event loop, so it must not block.
public protocol AccessAudit: Sendable {
    /// What it wants to be known of a caller, besides process, user and group.
    var facts: CallerFacts { get }

    func record(_ record: AccessRecord)

    /// A caller was refused of which no more was found out, because there are too many of that user, counted as `person`.
    func suppress(_ user: UInt32, countedAs person: UInt32)
}

/// Keeps nothing.
public struct NoAudit: AccessAudit {
    public init() {}
    public let facts: CallerFacts = []
    public func record(_ record: AccessRecord) {}
    public func suppress(_ user: UInt32, countedAs person: UInt32) {}
}
