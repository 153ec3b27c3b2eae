internal import AgentAPI
internal import Policy

/// The accounts, events and metrics that a caller may see.
struct AccessView: Sendable {
    let admission: Admission
    let isVisible: @Sendable (AccountName) -> Bool
    /// Whether the caller sees events and metrics of the agent as a whole.
    let seesAgent: Bool
    /// Whether the caller sees the refusals of other callers.
    private let seesRefusals: Bool

    /// The admission must hold every fact that `rules` need.
    init(_ admission: Admission, _ permission: Permission, _ rules: AccessRules) {
        self.admission = admission
        let caller = admission.caller
        isVisible = { rules.decide(permission, on: $0, for: caller).isAllowed }
        seesAgent = rules.decide(permission, on: nil, for: caller).isAllowed
        seesRefusals = rules.decide(.admin, on: nil, for: caller).isAllowed
    }

    var isTrusted: Bool { admission.isTrusted }

    /// Returns the visible part of an event; `nil` if the caller may not see it.
    func seen(_ event: AgentEvent) -> AgentEvent? {
        let isSeen =
            switch event.news.kind {
            case .denied: seesRefusals
            // Only the owner and root may answer.
            case .approvalRequested, .approvalEnded: isTrusted
            // It reports a gap in the watcher's own stream.
            case .missed: true
            default: event.news.account.map(isVisible) ?? seesAgent
            }
        guard isSeen else { return nil }
        return isTrusted ? event : event.redacted
    }
}
