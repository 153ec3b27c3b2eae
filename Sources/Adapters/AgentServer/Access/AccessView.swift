internal import AgentAPI
internal import Policy

/// What a caller sees of the accounts and of what happens to them.
struct AccessView: Sendable {
    let admission: Admission
    let isVisible: @Sendable (AccountName) -> Bool
    /// Whether news and figures of the agent as a whole are for him.
    let seesAgent: Bool
    /// Whether he hears of whom was refused what.
    private let seesRefusals: Bool

    /// By rules that know all of the caller that they ask for.
    init(_ admission: Admission, _ permission: Permission, _ rules: AccessRules) {
        self.admission = admission
        let caller = admission.caller
        isVisible = { rules.decide(permission, on: $0, for: caller).isAllowed }
        seesAgent = rules.decide(permission, on: nil, for: caller).isAllowed
        seesRefusals = rules.decide(.admin, on: nil, for: caller).isAllowed
    }

    var isTrusted: Bool { admission.isTrusted }

    /// Nil: nothing of it.
    func seen(_ event: AgentEvent) -> AgentEvent? {
        let isSeen =
            switch event.news.kind {
            case .denied: seesRefusals
            // Of the watcher's own events.
            case .missed: true
            default: event.news.account.map(isVisible) ?? seesAgent
            }
        guard isSeen else { return nil }
        return isTrusted ? event : event.forStrangers
    }
}
