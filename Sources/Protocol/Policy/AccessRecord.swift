public import AgentAPI

/// One access decision and its outcome, for the audit log. It contains no token.
///
/// Executable, unit, scopes and account come from the caller or third parties: sanitise them before they are shown.
public struct AccessRecord: Equatable, Sendable {
    public var caller: Caller
    /// The user that the caller's uid is subordinate to (subuid(5)); `nil` if it is not subordinate.
    public var owner: UInt32?
    /// The required permissions, the most significant first.
    public var permissions: [Permission]
    /// `nil` if the request is about the agent as a whole.
    public var account: AccountName?
    /// The scopes that bound the request: its own, else the rule's; empty if there are none.
    public var scopes: [String]
    /// The types of the authorization details that were requested.
    public var authorizationTypes: [String]
    /// The role at AWS whose credentials were requested.
    public var awsRole: AWSRole?
    /// The credential of systemd that was requested.
    public var credential: Credential?
    public var result: Result
    /// The reason for a refusal not made by a rule: `browser`, `foreign_host`, `caller_lost`.
    public var reason: String?
    /// The number of the rule that decided, from 1; `nil` if the default did.
    public var rule: Int?
    /// What became of the confirmation that the rule requires; `nil` if it requires none.
    public var confirmation: ConfirmationRecord?

    /// What the caller has named: a claim until the request is allowed.
    public struct Credential: Equatable, Sendable {
        public var unit: String
        public var name: String

        public init(unit: String, name: String) { (self.unit, self.name) = (unit, name) }
    }

    public enum Result: Equatable, Sendable {
        case allowed
        /// Allowed by the rules; the request failed later.
        case failed(Problem.Code)
        /// By the rules, or because the caller is not the process any more that connected.
        case refused(Problem.Code)
    }

    public init(
        caller: Caller, permissions: [Permission], account: AccountName?, scopes: [String], result: Result,
        reason: String? = nil, rule: Int?, owner: UInt32? = nil, authorizationTypes: [String] = [],
        awsRole: AWSRole? = nil, confirmation: ConfirmationRecord? = nil
    ) {
        self.caller = caller
        self.owner = owner
        self.permissions = permissions
        self.account = account
        self.scopes = scopes
        self.authorizationTypes = authorizationTypes
        self.awsRole = awsRole
        self.result = result
        self.reason = reason
        self.rule = rule
        self.confirmation = confirmation
    }
}

/// The end of a request's confirmation, for the audit log.
public struct ConfirmationRecord: Equatable, Sendable {
    /// `approved`, `earlier` (the process has an approval), `denied`, `timed_out`, `withdrawn` or why it was dropped.
    public var result: String
    /// Who has answered; `nil` if there was no answer.
    public var answeredBy: String?

    public init(_ result: String, answeredBy: String? = nil) {
        self.result = result
        self.answeredBy = answeredBy
    }
}

/// A recorder of decisions. It is called on the thread that accepts connections, so it must not block.
public protocol AccessAudit: Sendable {
    /// The caller facts to record, besides process, user and group.
    var facts: CallerFacts { get }

    func record(_ record: AccessRecord)

    /// Counts a refused caller that was not examined, because that user was refused too often. `person` is the user
    /// that it counts as.
    func suppress(_ user: UInt32, countedAs person: UInt32)
}

/// An audit that records nothing.
public struct NoAudit: AccessAudit {
    public init() {}
    public let facts: CallerFacts = []
    public func record(_ record: AccessRecord) {}
    public func suppress(_ user: UInt32, countedAs person: UInt32) {}
}
