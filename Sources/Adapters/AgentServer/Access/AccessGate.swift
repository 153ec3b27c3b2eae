internal import AgentAPI
internal import Formats
internal import OAuth
internal import Policy

/// The only place where requests are allowed or refused: collects the facts about the caller that the rules need,
/// evaluates the rules, and audits each decision once, with its outcome.
struct AccessGate: Sendable {
    let access: Access
    /// Receives each refusal as an event for watchers.
    let report: @Sendable (AgentNews) -> Void

    private typealias Decider = @Sendable (Caller, CallerFacts) -> CurrentRules.Answer

    /// Decides a request without waiting; `nil` if a fact that the rules need takes waiting.
    func admitAtOnce(
        _ request: AccessRequest, _ identity: any CallerIdentity
    ) throws(Problem) -> Admission? {
        var known = access.audit.facts
        while true {
            var caller: Caller
            do throws(CallerLost) {
                guard let found = try identity.callerAtOnce(known) else { return nil }
                caller = found
            } catch { throw lost(error, identity, request) }
            if known.contains(.userEntry) {
                guard let isListed = access.users.isListed(caller.user) else { return nil }
                caller.isListed = isListed
            }
            // Read before the decision: one of older rules must not pass for one of the new.
            let generation = access.rules.generation
            switch access.rules.decide(request, for: caller, known: known) {
            case .needs(let facts): known.formUnion(facts.cheapest)
            case .verdict(let verdict): return try admission(verdict, caller, request, known, under: generation)
            }
        }
    }

    func admit(_ request: AccessRequest, _ identity: any CallerIdentity) async throws(Problem) -> Admission {
        let rules = access.rules
        return try await admit(request, identity) { rules.decide(request, for: $0, known: $1) }
    }

    /// Decides a request for a list of accounts or for their events.
    func admitToList(
        _ permission: Permission, _ identity: any CallerIdentity
    ) async throws(Problem) -> AccessView {
        let rules = access.rules
        let current = rules.current
        let admission = try await admit(AccessRequest([permission], on: nil), identity) {
            rules.decideList(permission, for: $0, known: $1)
        }
        // A reload during the wait: the new rules may need more facts about the caller.
        guard rules.current == current else { return try await admitToList(permission, identity) }
        return AccessView(admission, permission, current)
    }

    private func admit(
        _ request: AccessRequest, _ identity: any CallerIdentity, _ decide: Decider
    ) async throws(Problem) -> Admission {
        var known = access.audit.facts
        while true {
            // Before the facts about the process, so that those are current when the decision is taken.
            let isListed = known.contains(.userEntry) ? await access.users.lookUp(identity.connected.user) : nil
            var caller: Caller
            do throws(CallerLost) { caller = try await identity.caller(known) } catch {
                throw lost(error, identity, request)
            }
            caller.isListed = isListed
            let generation = access.rules.generation
            switch decide(caller, known) {
            case .needs(let facts): known.formUnion(facts.cheapest)
            case .verdict(let verdict): return try admission(verdict, caller, request, known, under: generation)
            }
        }
    }

    /// Admits the agent's own user and root, whatever the rules say: without them, no question could be answered.
    func admitOwner(_ identity: any CallerIdentity) throws(Problem) -> Admission {
        let request = AccessRequest([.admin], on: nil)
        let caller: Caller
        do throws(CallerLost) { caller = try identity.callerAtOnce(access.audit.facts) ?? identity.connected } catch {
            throw lost(error, identity, request)
        }
        guard isOwn(identity) else {
            let problem = Problem(
                .forbidden, "only the agent's own user and root answer requests that wait for a confirmation",
                hint: "ask the owner of the agent")
            record(refused: problem, caller, request, nil)
            throw problem
        }
        return Admission(
            caller: caller, facts: access.audit.facts, request: request, bound: nil, rule: nil, isTrusted: true,
            accountable: nil)
    }

    /// Checks that the process that connected still exists. Routes without a permission need only this.
    ///
    /// `facts` are those that an earlier decision used: if the program is among them, it must still be the same one,
    /// by its mark, without reading its file.
    func requireConnected(_ identity: any CallerIdentity, _ facts: CallerFacts = []) throws(Problem) {
        let needed: CallerFacts = facts.restOnProgram ? .executableClaim : []
        do throws(CallerLost) { _ = try identity.callerAtOnce(needed) } catch { throw .lost(error) }
    }

    /// Records the refusal of a request because of its head, before its route is known.
    func refuse(_ problem: Problem, _ identity: any CallerIdentity) {
        var caller = identity.connected
        if let found = try? identity.callerAtOnce(access.audit.facts) { caller = found }
        record(refused: problem, caller, nil, nil)
    }

    /// Checks whether a caller may connect, and audits a refusal; `nil` if it may.
    func refusal(of identity: any CallerIdentity) -> Problem? {
        guard mayConnect(identity) else {
            var caller = identity.connected
            var problem = Problem(
                .forbidden, "this agent serves another user",
                hint: "run 'authagent start' for an agent of your own, and unset AUTHAGENT_SOCK"
            )
            do throws(CallerLost) { caller = try identity.callerAtOnce(access.audit.facts) ?? caller } catch {
                problem = .lost(error)
            }
            record(refused: problem, caller, nil, nil)
            return problem
        }
        // Note the program now: a later rule must decide about the program that connected, not one it executed since.
        let facts = access.rules.current.factsOnEveryAccount(for: identity.connected)
        // The mark suffices; reading the file would block the thread that accepts connections.
        if facts.restOnProgram { _ = try? identity.callerAtOnce(.executableClaim) }
        return nil
    }

    /// Whether the rules in force let the caller connect.
    func mayConnect(_ identity: any CallerIdentity) -> Bool {
        let rules = access.rules.current
        let facts = rules.factsToConnect(for: identity.connected)
        // Whether the process still exists is checked with each request.
        if facts.isEmpty { return rules.mayConnect(identity.connected) }
        guard let caller = try? identity.callerAtOnce(facts) else { return false }
        return rules.mayConnect(caller)
    }

    func isOwn(_ identity: any CallerIdentity) -> Bool { access.rules.current.isOwn(identity.connected) }

    /// Audits the outcome. Callers other than the owner get a generic error text.
    func conclude<Value: Sendable>(
        _ admission: Admission, _ identity: any CallerIdentity, _ body: () async throws(Problem) -> Value
    ) async throws(Problem) -> Value {
        do throws(Problem) {
            let value = try await body()
            // The caller may have exited or executed another program since. Changes are reported all the same.
            if admission.isReading { try requireConnected(identity, admission.facts) }
            audit(admission.record(.allowed))
            return value
        } catch { throw failed(admission, error) }
    }

    /// Audits the outcome of a request that was answered without waiting.
    func conclude<Value>(_ admission: Admission, _ result: Result<Value, Problem>) throws(Problem) -> Value {
        switch result {
        case .success(let value):
            audit(admission.record(.allowed))
            return value
        case .failure(let problem): throw failed(admission, problem)
        }
    }

    private func failed(_ admission: Admission, _ problem: Problem) -> Problem {
        // The agent refuses too: only it knows which scopes the provider has granted.
        let isRefusal = problem.code == .forbidden
        var record = admission.record(isRefusal ? .refused(problem.code) : .failed(problem.code))
        if problem.isAboutCaller { record.reason = problem.reason }
        audit(record)
        if isRefusal { report(.denied(admission.caller, admission.request, problem)) }
        return admission.isTrusted ? problem : problem.redacted
    }

    func admission(
        _ verdict: Verdict, _ caller: Caller, _ request: AccessRequest, _ known: CallerFacts,
        under generation: UInt64 = 0
    ) throws(Problem) -> Admission {
        if case .allowed(let bound) = verdict.outcome {
            let isOwn = access.rules.current.isOwn(caller)
            return Admission(
                caller: caller, facts: known, request: request, bound: bound, rule: verdict.rule,
                confirm: verdict.confirm, generation: generation, isTrusted: isOwn || request.permissions == [.admin],
                accountable: isOwn ? nil : access.accountable(caller.user)
            )
        }
        let problem = Problem(verdict.outcome, request, caller)
        record(refused: problem, caller, request, verdict.rule)
        throw problem
    }

    func lost(_ error: CallerLost, _ identity: any CallerIdentity, _ request: AccessRequest?) -> Problem {
        let problem = Problem.lost(error)
        record(refused: problem, identity.connected, request, nil)
        return problem
    }

    func audit(_ record: AccessRecord) {
        var record = record
        record.owner = access.rules.current.subordinates.owner(of: record.caller.user)
        access.audit.record(record)
    }

    func record(refused problem: Problem, _ caller: Caller, _ request: AccessRequest?, _ rule: Int?) {
        audit(
            AccessRecord(
                caller: caller, permissions: request?.permissions ?? [], account: request?.account,
                scopes: request?.scopes ?? [], result: .refused(problem.code),
                reason: problem.isAboutCaller ? problem.reason : nil, rule: rule,
                authorizationTypes: request?.authorizationTypes ?? [], awsRole: request?.awsRole
            )
        )
        report(.denied(caller, request, problem))
    }
}

extension AgentNews {
    /// Creates the event with the facts collected so far; none are looked up for it.
    fileprivate static func denied(_ caller: Caller, _ request: AccessRequest?, _ refusal: Problem) -> AgentNews {
        let denial = Denial(
            user: caller.user, pid: caller.pid,
            executable: caller.confirmedExecutable.map { DisplayText.clean($0, limit: 1000) },
            executableClaimed: caller.claimedExecutable.map { DisplayText.clean($0, limit: 1000) },
            unit: caller.unit ?? caller.userUnit,
            permission: request?.permissions.map(\.rawValue).joined(separator: " ")
        )
        var news = AgentNews.denied(denial, account: request?.account, detail: refusal.detail)
        news.code = refusal.code.rawValue
        return news
    }
}

extension CallerFacts {
    /// The facts to collect first: the executable's file is read only if nothing else decides.
    var cheapest: CallerFacts {
        for dear in [[.executable, .executableDigest], .executableDigest] as [CallerFacts] {
            let cheap = subtracting(dear)
            if !cheap.isEmpty { return cheap }
        }
        return self
    }
}
