internal import OAuth
internal import Vault

/// Many agents in virtual time, each with the state and the decisions of the real one.
struct Fleet {
    struct Parameters {
        var agents: Int
        var seed: UInt64
        /// Of access tokens, in seconds.
        var lifetime: Int
        /// Requests per second that the provider answers.
        var limit: Int
        var retryAfter: Int?
    }

    let parameters: Parameters
    let clock = VirtualClock()
    let login: SharedLogin
    var machines: [Machine]
    var provider: Provider
    var random: SeededRandom
    var queue = EventQueue()
    private(set) var traffic = Traffic()
    var harm = Harm()
    /// From when on waits are counted: an outage is not the agents' fault.
    var mark: Moment = 0
    private var unserved = 0

    init(_ parameters: Parameters) throws {
        self.parameters = parameters
        login = try SharedLogin(lifetime: parameters.lifetime)
        var random = SeededRandom(seed: parameters.seed)
        machines = (0..<parameters.agents).map { _ in Machine(program: Program(&random)) }
        provider = Provider(limit: parameters.limit, retryAfter: parameters.retryAfter)
        self.random = random
        unserved = parameters.agents
        for index in machines.indices { machines[index].isUnserved = true }
    }

    /// Runs to `end`, or to the moment at which no machine lacks a token; returns where it stopped.
    @discardableResult
    mutating func run(to end: Moment, untilServed: Bool = false) -> Moment {
        while let event = queue.pop(before: end) {
            handle(event)
            if untilServed, unserved == 0 { return event.at }
        }
        return end
    }

    private mutating func handle(_ event: Event) {
        let index = Int(event.machine)
        switch event.kind {
        case .logIn: beginLogin(index, at: event.at)
        case .poll: poll(index, at: event.at)
        case .adopt: adopt(index, at: event.at)
        case .ask where machines[index].askPlan == event.plan: ask(index, at: event.at)
        case .renew where machines[index].renewPlan == event.plan: renew(index, at: event.at)
        case .reply where machines[index].refresh?.number == event.plan: replied(index, at: event.at)
        case .ask, .renew, .reply: break
        }
    }

    // MARK: Requests of programs

    /// What `authagent token` requests by default.
    private static let minimumValidity: Duration = .seconds(60)

    private mutating func ask(_ index: Int, at moment: Moment) {
        let decision = machines[index].state.tokenRequested(
            for: nil, minimumValidity: Self.minimumValidity, needsIDToken: false, at: clock.instant(moment))
        switch decision {
        case .serve: served(index, at: moment)
        case .serveAndRefresh:
            served(index, at: moment)
            startRefresh(index, at: moment, isJoined: false)
        case .refresh: startRefresh(index, at: moment, isJoined: true)
        case .fail: refused(index, at: moment)
        case .read: preconditionFailure("the store has been read")
        }
        plan(index, at: moment)
    }

    private mutating func served(_ index: Int, at moment: Moment) {
        machines[index].isTokenUsed = true
        guard let since = machines[index].refusedSince else { return }
        machines[index].refusedSince = nil
        harm.served(after: max(0, moment - max(since, mark)))
    }

    private mutating func refused(_ index: Int, at moment: Moment) {
        machines[index].refusedSince = machines[index].refusedSince ?? moment
    }

    // MARK: Renewals

    private mutating func renew(_ index: Int, at moment: Moment) {
        machines[index].renewal = nil
        guard let due = machines[index].state.refreshDue(keepAlive: nil), due <= clock.instant(moment) else {
            return plan(index, at: moment)
        }
        startRefresh(index, at: moment, isJoined: false)
        plan(index, at: moment)
    }

    private mutating func startRefresh(_ index: Int, at moment: Moment, isJoined: Bool) {
        guard machines[index].refresh == nil else {
            if isJoined { machines[index].refresh?.isJoined = true }
            return
        }
        traffic.count(at: moment)
        let answer = provider.answer(at: moment)
        machines[index].refreshes += 1
        let refresh = Machine.Refresh(
            number: machines[index].refreshes, sentAt: moment, version: machines[index].state.version, answer: answer,
            isJoined: isJoined)
        machines[index].refresh = refresh
        push(.reply, index, at: moment + provider.latency(of: answer), plan: refresh.number)
    }

    private mutating func replied(_ index: Int, at moment: Moment) {
        guard let refresh = machines[index].refresh else { return }
        machines[index].refresh = nil
        let now = clock.instant(moment)
        let jitter = random.unit()
        if refresh.answer == .granted {
            noteExpiry(index, at: now)
            let requestedAt = clock.instant(refresh.sentAt)
            machines[index].state.rotated(login.credential, version: refresh.version, grantedAt: requestedAt)
            machines[index].state.renewed(
                nil, login.token(requestedAt: requestedAt), login.credential, missing: .notIssued,
                version: refresh.version, grantedAt: requestedAt, at: now, jitter: jitter)
            machines[index].isTokenUsed = false
        } else {
            fail(index, refresh, at: now, jitter: jitter)
        }
        // Events are not simulated.
        _ = machines[index].state.takeNews()
        if refresh.isJoined {
            let answer = machines[index].state.answerAfterRefresh(
                for: nil, minimumValidity: Self.minimumValidity, needsIDToken: false, at: now)
            switch answer {
            case .success: served(index, at: moment)
            case .failure: refused(index, at: moment)
            }
        }
        plan(index, at: moment)
    }

    /// Records what `Rotation` records of such a reply.
    private mutating func fail(
        _ index: Int, _ refresh: Machine.Refresh, at now: ContinuousClock.Instant, jitter: Double
    ) {
        switch provider.refreshReply(refresh.answer) {
        case .transient(let detail, let retryAfter, let obstacle):
            machines[index].state.refreshFailed(
                nil, .providerUnreachable(detail: detail), retryAfter: retryAfter, obstacle: obstacle,
                version: refresh.version, at: now, jitter: jitter)
        case .unanswered(let detail):
            machines[index].state.refreshFailed(
                nil, .providerUnreachable(detail: detail), retryAfter: nil, version: refresh.version, at: now,
                jitter: jitter)
        default: preconditionFailure("the provider is down or busy, and nothing else")
        }
    }

    /// Counts the token of memory if it has expired in use.
    private mutating func noteExpiry(_ index: Int, at now: ContinuousClock.Instant) {
        let own = machines[index].state.slots.own
        guard machines[index].isTokenUsed, let token = own.token, !token.isValid(at: now),
            let expiresAt = token.expiresAt, let due = own.renewalDue
        else { return }
        let end = clock.moment(expiresAt)
        var begin = clock.moment(due)
        if let outage = provider.outage?.period, outage.lowerBound < end { begin = max(begin, outage.upperBound) }
        harm.tokenExpired(renewable: end - begin)
    }

    /// Counts the tokens that have expired in use and were not renewed to the end.
    mutating func noteExpiries(at moment: Moment) {
        for index in machines.indices { noteExpiry(index, at: clock.instant(moment)) }
    }

    // MARK: Plans

    /// Plans what comes next at one machine. Called after every change.
    mutating func plan(_ index: Int, at moment: Moment) {
        planRenewal(index, at: moment)
        planRequest(index, at: moment)
        let lacksToken = machines[index].lacksToken
        guard lacksToken != machines[index].isUnserved else { return }
        machines[index].isUnserved = lacksToken
        unserved += lacksToken ? 1 : -1
    }

    private mutating func planRenewal(_ index: Int, at moment: Moment) {
        let due =
            machines[index].refresh == nil
            ? machines[index].state.refreshDue(keepAlive: nil).map { max(clock.moment($0), moment) } : nil
        guard due != machines[index].renewal else { return }
        machines[index].renewal = due
        machines[index].renewPlan += 1
        if let due { push(.renew, index, at: due, plan: machines[index].renewPlan) }
    }

    /// Plans the next request that can change anything; those before it would only be served or refused.
    private mutating func planRequest(_ index: Int, at moment: Moment) {
        machines[index].askPlan += 1
        // The reply plans again.
        guard machines[index].refresh == nil else { return }
        let own = machines[index].state.slots.own
        var begin = moment
        if let token = own.token, let expiresAt = token.expiresAt,
            Freshness.of(token, minimumValidity: Self.minimumValidity, at: clock.instant(moment)) == .fresh
        {
            if machines[index].isTokenUsed { begin = clock.moment(expiresAt - Self.minimumValidity) }
        } else if own.failure != nil, let notBefore = own.backoff.clientNotBefore {
            begin = max(moment, clock.moment(notBefore))
        }
        let isRefused = machines[index].refusedSince != nil
        let next = machines[index].program.next(after: begin, isRefused: isRefused, &random)
        // The person has gone home.
        if isRefused, next - begin > .hours(2) { machines[index].refusedSince = nil }
        push(.ask, index, at: next, plan: machines[index].askPlan)
    }

    mutating func push(_ kind: Event.Kind, _ index: Int, at moment: Moment, plan: UInt32 = 0) {
        queue.push(Event(at: moment, machine: Int32(index), kind: kind, plan: plan))
    }

    /// Sends a poll and returns the answer.
    mutating func send(at moment: Moment) -> Provider.Answer {
        traffic.count(at: moment)
        return provider.answer(at: moment)
    }
}
