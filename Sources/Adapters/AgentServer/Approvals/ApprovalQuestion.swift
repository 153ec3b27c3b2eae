package import AgentAPI
package import Policy

/// A request that a rule allows once the agent's owner has confirmed it.
package struct ApprovalQuestion: Sendable {
    package var request: AccessRequest
    package var caller: Caller
    package var confirm: Confirmation
    /// The number of the rule, from 1.
    package var rule: Int
    /// The generation of the rules that decided.
    package var generation: UInt64
    /// `nil` if the process cannot be pinned: then an approval is for this request alone.
    package var process: (any PinnedProcess)?
    /// The user to whom the request counts; `nil` for the agent's owner and root.
    package var person: UInt32?

    package init(
        _ request: AccessRequest, of caller: Caller, _ confirm: Confirmation, rule: Int,
        under generation: UInt64 = 0, process: (any PinnedProcess)?, person: UInt32?
    ) {
        self.request = request
        self.caller = caller
        self.confirm = confirm
        self.rule = rule
        self.generation = generation
        self.process = process
        self.person = person
    }

    /// Whether one answer is for both: `first` asks once for each process and account.
    func shares(_ other: ApprovalQuestion) -> Bool {
        guard confirm == .first, other.confirm == .first, rule == other.rule, generation == other.generation,
            request.account == other.request.account, let process, let others = other.process
        else { return false }
        return process.isSame(as: others)
    }
}

/// The end of a question.
package enum ApprovalOutcome: Equatable, Sendable {
    /// `by`: who has answered, for the audit log.
    case approved(by: String)
    case denied(by: String)
    case timedOut
    /// The caller has left.
    case withdrawn
    case rulesChanged
    case locked
    case agentStops
    /// It was not asked: too many questions wait.
    case tooMany

    /// The word for events and the audit log.
    var word: String {
        switch self {
        case .approved: "approved"
        case .denied: "denied"
        case .timedOut: "timed_out"
        case .withdrawn: "withdrawn"
        case .rulesChanged: "rules_changed"
        case .locked: "locked"
        case .agentStops: "agent_stopped"
        case .tooMany: "too_many"
        }
    }

    var record: ConfirmationRecord {
        switch self {
        case .approved(let by), .denied(let by): ConfirmationRecord(word, answeredBy: by)
        case .timedOut, .withdrawn, .rulesChanged, .locked, .agentStops, .tooMany: ConfirmationRecord(word)
        }
    }
}
