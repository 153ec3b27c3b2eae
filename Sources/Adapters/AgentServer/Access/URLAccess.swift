internal import AgentAPI
internal import Policy

/// The decisions about a request that names a URL instead of an account.
///
/// A caller to whom no rule gives the account must not learn that there is one. So the facts about the caller are
/// collected before the account is looked up, and the answer is that of a URL without an account.
extension AccessGate {
    /// Returns the caller with the facts that a decision on any account may need; `nil` if that takes waiting.
    func callerOnAnyAccountAtOnce(_ identity: any CallerIdentity) throws(Problem) -> Caller? {
        var known = access.audit.facts
        while true {
            let caller: Caller
            do throws(CallerLost) {
                guard let found = try identity.callerAtOnce(known) else { return nil }
                caller = found
            } catch { throw lost(error, identity, nil) }
            let missing = access.rules.current.factsOnEveryAccount(for: caller, known: known)
            if missing.isEmpty { return caller }
            known.formUnion(missing.cheapest)
        }
    }

    /// Returns the caller with the facts that a decision on any account may need, and waits for them.
    func callerOnAnyAccount(_ identity: any CallerIdentity) async throws(Problem) -> Caller {
        var known = access.audit.facts
        while true {
            let caller: Caller
            do throws(CallerLost) { caller = try await identity.caller(known) } catch {
                throw lost(error, identity, nil)
            }
            let missing = access.rules.current.factsOnEveryAccount(for: caller, known: known)
            if missing.isEmpty { return caller }
            known.formUnion(missing.cheapest)
        }
    }

    /// Whether a rule gives the caller the account's token, or what else it requests of the account. Takes nothing from
    /// a rate budget.
    func gives(_ caller: Caller, _ account: AccountName, for permissions: [Permission]) -> Bool {
        let rules = access.rules.current
        return rules.decide(.token, on: account, for: caller).isAllowed
            || permissions.allSatisfy { rules.decide($0, on: account, for: caller).isAllowed }
    }

    /// Whether a rule gives the caller this permission as well. Takes nothing from a rate budget.
    func allows(_ caller: Caller, _ permission: Permission, on account: AccountName) -> Bool {
        access.rules.current.decide(permission, on: account, for: caller).isAllowed
    }

    func isOwn(_ caller: Caller) -> Bool { access.rules.current.isOwn(caller) }

    /// Records the refusal of an account that the caller does not learn of.
    func recordHidden(_ account: AccountName, from caller: Caller, _ permissions: [Permission]) {
        let request = AccessRequest(permissions, on: account)
        let permission = permissions.first ?? .token
        let rule = access.rules.current.decide(permission, on: account, for: caller).rule
        record(refused: Problem(.refused(permission), request, caller), caller, request, rule)
    }

    /// Records a request for a URL that selects no account.
    func recordUnmapped(_ code: Problem.Code, _ caller: Caller, _ permissions: [Permission]) {
        audit(
            AccessRecord(
                caller: caller, permissions: permissions, account: nil, scopes: [], result: .failed(code), rule: nil)
        )
    }
}
