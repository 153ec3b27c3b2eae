internal import AgentAPI
internal import Synchronization

/// The current rules and their rate budgets. A reload replaces them for all later requests, also on open connections.
public final class CurrentRules: Sendable {
    public enum Answer: Equatable, Sendable {
        case verdict(Verdict)
        /// Determine these facts first. Even then more may be needed.
        case needs(CallerFacts)
    }

    private struct State {
        var rules: AccessRules
        var generation: UInt64 = 0
        var budgets = RateBudgets()
        var whenChanged: @Sendable () -> Void = {}
    }

    private let state: Mutex<State>
    private let now: @Sendable () -> ContinuousClock.Instant

    public init(_ rules: AccessRules, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        state = Mutex(State(rules: rules))
        self.now = now
    }

    public var current: AccessRules { state.withLock { $0.rules } }

    /// Grows with each change of the rules.
    public var generation: UInt64 { state.withLock { $0.generation } }

    /// Replaces the rules and resets the rate budgets; does nothing if the rules are the same.
    public func replace(_ rules: AccessRules) {
        let notify = state.withLock { state -> (@Sendable () -> Void)? in
            guard rules != state.rules else { return nil }
            state.rules = rules
            state.generation += 1
            state.budgets = RateBudgets()
            return state.whenChanged
        }
        notify?()
    }

    /// Sets a function to be called after each change, in the context that makes the change.
    public func whenChanged(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.whenChanged = body } }

    /// Decides a request of a caller with the `known` facts, and takes one from the rule's rate budget. A refused
    /// request costs nothing, so that it does not use up what the program may do.
    public func decide(_ request: AccessRequest, for caller: Caller, known: CallerFacts) -> Answer {
        state.withLock { state in
            let rules = state.rules
            let unknown = rules.facts(on: request.account, for: caller, known: known)
            guard unknown.isEmpty else { return .needs(unknown) }
            guard let deciding = rules.deciding(request.permissions, on: request.account, for: caller) else {
                let refused = rules.isOwn(caller) ? nil : request.permissions.first
                return .verdict(Verdict(refused.map { .refused($0) } ?? .allowed(nil), rule: nil))
            }
            let index = deciding.index
            guard deciding.isCertain else {
                let allow = rules.rules[index].allow
                let refused = request.permissions.first { !allow.contains($0) } ?? request.permissions.first
                return .verdict(Verdict(refused.map { .refused($0) } ?? .allowed(nil), rule: index + 1))
            }
            let rule = rules.rules[index]
            if rules.needsUserEntry(rule, of: caller, known) { return .needs(.userEntry) }
            let outcome = outcome(request, rule, index, caller, &state)
            let confirm = if case .allowed = outcome { rule.confirm } else { nil as Confirmation? }
            return .verdict(Verdict(outcome, rule: index + 1, confirm: confirm))
        }
    }

    /// Whether the rules allow the request without a bound or a confirmation to a caller with the `known` facts, apart
    /// from its rate. Takes nothing from a budget; false also if more must be known.
    public func allowsPlainly(_ request: AccessRequest, for caller: Caller, known: CallerFacts) -> Bool {
        state.withLock { state in
            let rules = state.rules
            guard rules.facts(on: request.account, for: caller, known: known).isEmpty else { return false }
            guard let deciding = rules.deciding(request.permissions, on: request.account, for: caller) else {
                return rules.isOwn(caller)
            }
            let rule = rules.rules[deciding.index]
            return deciding.isCertain && rule.bound == nil && rule.scopes == nil && rule.confirm == nil
                && request.permissions.allSatisfy(rule.allow.contains)
                && !rules.needsUserEntry(rule, of: caller, known)
        }
    }

    /// Decides a list of accounts and returns those allowed to the caller. Takes one from the budget of each rule that
    /// allows any, even without such an account: the budget must not reveal which accounts exist.
    public func decideList(_ permission: Permission, for caller: Caller, known: CallerFacts) -> Answer {
        state.withLock { state in
            let rules = state.rules
            let unknown = rules.factsOnEveryAccount(for: caller, known: known)
            guard unknown.isEmpty else { return .needs(unknown) }
            let giving = rules.rules.filter { $0.allow.contains(permission) && rules.isMet($0, by: caller) }
            if giving.contains(where: { rules.needsUserEntry($0, of: caller, known) }) { return .needs(.userEntry) }
            for (index, rule) in rules.rules.enumerated()
            where rule.allow.contains(permission) && rules.isMet(rule, by: caller) {
                if let wait = take(rule, index, caller, &state) {
                    return .verdict(Verdict(.tooMany(retryAfter: wait), rule: index + 1))
                }
            }
            return .verdict(Verdict(.allowed(nil), rule: nil))
        }
    }

    private func outcome(
        _ request: AccessRequest, _ rule: AccessRule, _ index: Int, _ caller: Caller, _ state: inout State
    ) -> Verdict.Outcome {
        if let missing = request.permissions.first(where: { !rule.allow.contains($0) }) { return .refused(missing) }
        if let beyond = rule.scopes?.beyond(request.scopes), !beyond.isEmpty { return .beyond(beyond) }
        if let beyond = rule.bound?.beyond(types: request.authorizationTypes), !beyond.isEmpty {
            return .beyondTypes(beyond)
        }
        if let role = request.awsRole {
            guard rule.allows(role) else { return .beyondRoles(role) }
        } else if rule.awsRoles != nil, request.permissions.contains(.idToken) {
            // AWS gives credentials of every role that trusts its issuer for an ID token.
            return .refused(.idToken)
        }
        if let wait = take(rule, index, caller, &state) { return .tooMany(retryAfter: wait) }
        return .allowed(rule.bound)
    }

    private func take(_ rule: AccessRule, _ index: Int, _ caller: Caller, _ state: inout State) -> Int? {
        guard let perMinute = rule.maximumPerMinute else { return nil }
        let key = RateBudgets.Key(rule: index, user: state.rules.person(of: caller, under: rule))
        return state.budgets.take(key, perMinute: perMinute, at: now())
    }
}
