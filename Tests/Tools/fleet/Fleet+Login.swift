internal import OAuth
internal import Vault

/// How machines come to a login.
extension Fleet {
    /// Logs all machines in without requests, at random moments of the period.
    mutating func logInUnseen(from begin: Moment, over length: Moment) {
        for index in machines.indices {
            let moment = begin + Moment(random.unit() * Double(length))
            push(.adopt, index, at: moment)
        }
    }

    /// Starts a device login at all machines, at random moments of the period.
    mutating func logIn(from begin: Moment, over length: Moment) {
        for index in machines.indices {
            let moment = begin + Moment(random.unit() * Double(length))
            push(.logIn, index, at: moment)
        }
    }

    mutating func beginLogin(_ index: Int, at moment: Moment) {
        let polling = LoginPolling(login.authorization, now: clock.instant(moment))
        // A person types the code in ten seconds or more.
        let approvedAt = moment + .seconds(10 + random.exponential(mean: 30))
        machines[index].login = Machine.DeviceLogin(polling: polling, approvedAt: approvedAt)
        push(.poll, index, at: clock.moment(polling.nextPoll))
    }

    mutating func poll(_ index: Int, at moment: Moment) {
        guard var pending = machines[index].login else { return }
        let answer = send(at: moment)
        let reply: PollReply =
            switch answer {
            case .granted where moment >= pending.approvedAt: .granted(login.grant)
            case .granted: .pending(interval: nil)
            case .limited, .down: provider.pollReply(answer)
            }
        let arrival = moment + provider.latency(of: answer)
        let decision = pending.polling.received(reply, at: clock.instant(arrival))
        machines[index].login = pending
        switch decision {
        case .wait, .slowed, .retrying: push(.poll, index, at: clock.moment(pending.polling.nextPoll))
        case .granted:
            machines[index].login = nil
            adopt(index, at: arrival)
        case .failed, .expired:
            harm.expiredCodes += 1
            push(.logIn, index, at: arrival + .seconds(30))
        }
    }

    mutating func adopt(_ index: Int, at moment: Moment) {
        let now = clock.instant(moment)
        let jitter = random.unit()
        machines[index].state.adopt(
            login.credential, token: login.token(requestedAt: now), grantedAt: now, jitter: jitter)
        plan(index, at: moment)
    }

    /// Starts all agents again at the same moment, without a token in memory. Their programs start within `period`, each
    /// with a request.
    mutating func restart(at moment: Moment, programsWithin period: Moment) {
        let now = clock.instant(moment)
        for index in machines.indices {
            var machine = Machine(program: machines[index].program)
            machine.state.read(
                .success(.credential(login.credential)), journaled: JournalFinding(), isOwn: true, grantedAt: now,
                at: now)
            machine.refreshes = machines[index].refreshes
            machine.askPlan = machines[index].askPlan
            machine.renewPlan = machines[index].renewPlan + 1
            machine.isUnserved = machines[index].isUnserved
            machines[index] = machine
            plan(index, at: moment)
            machines[index].askPlan += 1
            let start = moment + Moment(random.unit() * Double(period))
            push(.ask, index, at: start, plan: machines[index].askPlan)
        }
    }
}
