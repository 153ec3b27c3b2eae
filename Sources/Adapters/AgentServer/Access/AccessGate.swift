internal import AgentAPI
internal import Formats
internal import OAuth
internal import Policy

/// The one place where requests are decided: finds out about the caller as much as the rules need, asks them, and has
/// each decision recorded once, with what came of it.
struct AccessGate: Sendable {
    let access: Access
    /// Hears of each refusal, for whoever watches.
    let report: @Sendable (AgentNews) -> Void

    private typealias Decider = @Sendable (Caller, CallerFacts) -> RulesInForce.Answer

    /// Nil when the caller cannot be known well enough without waiting.
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
            switch access.rules.decide(request, for: caller, known: known) {
            case .needs(let facts): known.formUnion(facts.cheapest)
            case .verdict(let verdict): return try admission(verdict, caller, request, known)
            }
        }
    }

    func admit(_ request: AccessRequest, _ identity: any CallerIdentity) async throws(Problem) -> Admission {
        let rules = access.rules
        return try await admit(request, identity) { rules.decide(request, for: $0, known: $1) }
    }

    /// To a list of accounts, or to what happens to them.
    func admitToList(
        _ permission: Permission, _ identity: any CallerIdentity
    ) async throws(Problem) -> AccessView {
        let rules = access.rules
        let current = rules.current
        let admission = try await admit(AccessRequest([permission], on: nil), identity) {
            rules.decideList(permission, for: $0, known: $1)
        }
        // Rules that have come meanwhile may want to know more of the caller than those that were asked.
        guard rules.current == current else { return try await admitToList(permission, identity) }
        return AccessView(admission, permission, current)
    }

    private func admit(
        _ request: AccessRequest, _ identity: any CallerIdentity, _ decide: Decider
    ) async throws(Problem) -> Admission {
        var known = access.audit.facts
        while true {
            // First, so that what is found out about the process is of the moment of the decision.
            let isListed = known.contains(.userEntry) ? await access.users.lookUp(identity.connected.user) : nil
            var caller: Caller
            do throws(CallerLost) { caller = try await identity.caller(known) } catch {
                throw lost(error, identity, request)
            }
            caller.isListed = isListed
            switch decide(caller, known) {
            case .needs(let facts): known.formUnion(facts.cheapest)
            case .verdict(let verdict): return try admission(verdict, caller, request, known)
            }
        }
    }

    /// Whoever may connect may have what there is no rule about, as long as it is still the one who connected.
    ///
    /// `facts`: those that a decision rested on. If the program was among them, it has to be the same still. No file is
    /// looked at for that.
    func recognize(_ identity: any CallerIdentity, _ facts: CallerFacts = []) throws(Problem) {
        let needed: CallerFacts = facts.restOnProgram ? .executableClaim : []
        do throws(CallerLost) { _ = try identity.callerAtOnce(needed) } catch { throw .lost(error) }
    }

    /// Refuses a request for what its head shows, before anything is done for it.
    func refuse(_ problem: Problem, _ identity: any CallerIdentity) {
        var caller = identity.connected
        if let found = try? identity.callerAtOnce(access.audit.facts) { caller = found }
        record(refused: problem, caller, nil, nil)
    }

    /// Why a caller may not connect, which is recorded; nil if he may.
    func refusal(of identity: any CallerIdentity) -> Problem? {
        guard mayStay(identity) else {
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
        // Which program connected is to be known by the time that a rule asks: it must still be that one then.
        let facts = access.rules.current.factsOnEveryAccount(for: identity.connected)
        // Its mark is enough, and its file is not for this thread to look at.
        if facts.restOnProgram { _ = try? identity.callerAtOnce(.executableClaim) }
        return nil
    }

    /// Whether the rules of now would let the caller connect.
    func mayStay(_ identity: any CallerIdentity) -> Bool {
        let rules = access.rules.current
        guard let caller = try? identity.callerAtOnce(rules.factsToConnect(for: identity.connected)) else {
            return false
        }
        return rules.mayConnect(caller)
    }

    func isOwn(_ identity: any CallerIdentity) -> Bool { access.rules.current.isOwn(identity.connected) }

    /// Records what comes of a request, and keeps from strangers what a problem says of the agent's user.
    func conclude<Value: Sendable>(
        _ admission: Admission, _ identity: any CallerIdentity, _ body: () async throws(Problem) -> Value
    ) async throws(Problem) -> Value {
        do throws(Problem) {
            let value = try await body()
            // The caller may have ended, or be another program, since it asked. What has been done is told all the same.
            if admission.isReading { try recognize(identity, admission.facts) }
            audit(admission.record(.allowed))
            return value
        } catch { throw failed(admission, error) }
    }

    /// The same for what takes no waiting.
    func conclude<Value>(_ admission: Admission, _ result: Result<Value, Problem>) throws(Problem) -> Value {
        switch result {
        case .success(let value):
            audit(admission.record(.allowed))
            return value
        case .failure(let problem): throw failed(admission, problem)
        }
    }

    private func failed(_ admission: Admission, _ problem: Problem) -> Problem {
        // Also the agent refuses for the rules' sake: what a provider grants is known to it alone.
        let isRefusal = problem.code == .forbidden
        var record = admission.record(isRefusal ? .refused(problem.code) : .failed(problem.code))
        if problem.isAboutCaller { record.reason = problem.reason }
        audit(record)
        if isRefusal { report(.denied(admission.caller, admission.request, problem)) }
        return admission.isTrusted ? problem : problem.forStrangers
    }

    private func admission(
        _ verdict: Verdict, _ caller: Caller, _ request: AccessRequest, _ known: CallerFacts
    ) throws(Problem) -> Admission {
        if case .allowed(let bound) = verdict.outcome {
            return Admission(
                caller: caller, facts: known, request: request, bound: bound, rule: verdict.rule,
                isTrusted: access.rules.current.isOwn(caller) || request.permissions == [.admin]
            )
        }
        let problem = Problem(verdict.outcome, request, caller)
        record(refused: problem, caller, request, verdict.rule)
        throw problem
    }

    private func lost(_ error: CallerLost, _ identity: any CallerIdentity, _ request: AccessRequest) -> Problem {
        let problem = Problem.lost(error)
        record(refused: problem, identity.connected, request, nil)
        return problem
    }

    private func audit(_ record: AccessRecord) {
        var record = record
        record.owner = access.rules.current.subordinates.owner(of: record.caller.user)
        access.audit.record(record)
    }

    private func record(refused problem: Problem, _ caller: Caller, _ request: AccessRequest?, _ rule: Int?) {
        audit(
            AccessRecord(
                caller: caller, permissions: request?.permissions ?? [], account: request?.account,
                scopes: request?.scopes ?? [], result: .refused(problem.code),
                reason: problem.isAboutCaller ? problem.reason : nil, rule: rule
            )
        )
        report(.denied(caller, request, problem))
    }
}

extension AgentNews {
    /// What is known of the caller by then: facts that no rule asked for are not looked up.
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
    /// What is found out first: a file is only read where nothing else decides.
    fileprivate var cheapest: CallerFacts {
        for dear in [[.executable, .executableDigest], .executableDigest] as [CallerFacts] {
            let cheap = subtracting(dear)
            if !cheap.isEmpty { return cheap }
        }
        return self
    }
}
