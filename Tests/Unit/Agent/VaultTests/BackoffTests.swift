import OAuth
import Testing
import Vault

struct BackoffTests {
    let now = ContinuousClock.now

    @Test("waits grow with each failure and stop growing at five minutes")
    func grows() throws {
        var backoff = Backoff()
        var waits: [Duration] = []
        for _ in 0..<12 {
            backoff.failed(at: now, retryAfter: nil, definite: false, jitter: 1)
            waits.append(try #require(backoff.notBefore) - now)
        }
        #expect(waits.first == .seconds(1))
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(waits.last == Backoff.longest)
    }

    @Test("jitter spreads accounts that failed together")
    func jitter() {
        var early = Backoff()
        var late = Backoff()
        early.failed(at: now, retryAfter: nil, definite: false, jitter: 0)
        late.failed(at: now, retryAfter: nil, definite: false, jitter: 1)
        #expect(early.notBefore != late.notBefore)
    }

    @Test("Retry-After is honoured by clients and the schedule, and capped")
    func retryAfter() throws {
        var backoff = Backoff()
        backoff.failed(at: now, retryAfter: .seconds(120), definite: false, jitter: 0)
        #expect(backoff.notBefore == now + .seconds(120))
        #expect(backoff.clientNotBefore == now + .seconds(120))
        backoff.failed(at: now, retryAfter: .seconds(1_000_000), definite: false, jitter: 0)
        #expect(backoff.notBefore == now + Backoff.longestRetryAfter)
    }

    @Test("after a network failure a client may try again at once, after a refusal it may not")
    func clients() {
        var network = Backoff()
        var refusal = Backoff()
        for _ in 0..<8 {
            network.failed(at: now, retryAfter: nil, definite: false, jitter: 1)
            refusal.failed(at: now, retryAfter: nil, definite: true, jitter: 1)
        }
        #expect(network.clientNotBefore == now + Backoff.clientGap)
        #expect(refusal.clientNotBefore == refusal.notBefore)
    }

    @Test("in an outage of up to two minutes a client may try again each second")
    func shortOutage() {
        let start = ContinuousClock.now
        var (backoff, now) = (Backoff(), start)
        while now - start < Backoff.shortOutage {
            backoff.failed(at: now, retryAfter: nil, definite: false, jitter: 1)
            #expect(backoff.clientNotBefore == now + Backoff.clientGap)
            now += .seconds(7)
        }
    }

    @Test("in a long outage clients wait for a quarter of its length, and not longer than the schedule")
    func longOutage() throws {
        var backoff = Backoff()
        var moment = now
        for _ in 0..<40 {
            backoff.failed(at: moment, retryAfter: nil, definite: false, jitter: 1)
            let wait = try #require(backoff.clientNotBefore) - moment
            #expect(wait <= max(Backoff.clientGap, (moment - now) / Backoff.clientShare))
            #expect(try #require(backoff.notBefore) - moment >= wait)
            moment += max(wait, .seconds(20))
        }
        #expect(moment > now + .seconds(1200))
        #expect(backoff.clientNotBefore == backoff.notBefore)
    }

    @Test("without a network a client may try again at once, however long that has been so")
    func offline() {
        var backoff = Backoff()
        for minutes in 0..<60 {
            let moment = now + .seconds(minutes * 60)
            backoff.failed(at: moment, retryAfter: nil, definite: false, obstacle: .offline, jitter: 1)
            #expect(backoff.clientNotBefore == moment + Backoff.clientGap)
        }
    }

    @Test("an overloaded provider has clients wait like the schedule, and not as long as one that is down")
    func overload() {
        var backoff = Backoff()
        for _ in 0..<12 { backoff.failed(at: now, retryAfter: nil, definite: false, obstacle: .overload, jitter: 1) }
        #expect(backoff.notBefore == now + Backoff.longestWhenBusy)
        #expect(backoff.clientNotBefore == backoff.notBefore)
    }

    @Test("agents that are told the same Retry-After do not come back together, and none comes early")
    func spreadRetryAfter() throws {
        let waits = try [0, 0.25, 0.5, 0.75, 1].map { jitter in
            var backoff = Backoff()
            backoff.failed(at: now, retryAfter: .seconds(120), definite: false, jitter: jitter)
            return try #require(backoff.notBefore) - now
        }
        #expect(waits == [120, 180, 240, 300, 360].map { .seconds($0) })
    }

    @Test("after many failures the delay is still spread, over its last quarter")
    func spreadLongest() throws {
        let waits = try [0.0, 1].map { jitter in
            var backoff = Backoff()
            for _ in 0..<20 { backoff.failed(at: now, retryAfter: nil, definite: false, jitter: jitter) }
            return try #require(backoff.notBefore) - now
        }
        #expect(waits == [.seconds(225), .seconds(300)])
    }

    @Test("a failure long after the last attempt was due, as after suspend, begins a new back-off")
    func suspend() {
        var backoff = Backoff()
        for _ in 0..<12 { backoff.failed(at: now, retryAfter: nil, definite: false, jitter: 1) }
        let later = now + .seconds(8 * 3600)
        backoff.failed(at: later, retryAfter: nil, definite: false, jitter: 1)
        #expect(backoff.failures == 1)
        #expect(backoff.clientNotBefore == later + Backoff.clientGap)
    }

    @Test("the schedule can wait while a token is valid, and clients need not")
    func pause() {
        var backoff = Backoff()
        backoff.failed(at: now, retryAfter: nil, definite: false, pause: .seconds(200), jitter: 1)
        #expect(backoff.notBefore == now + .seconds(200))
        #expect(backoff.clientNotBefore == now + Backoff.clientGap)
        backoff.failed(at: now, retryAfter: nil, definite: false, pause: .seconds(2000), jitter: 0)
        #expect(backoff.notBefore == now + .seconds(225))
    }

    @Test("a success resets the back-off")
    func success() {
        var backoff = Backoff()
        backoff.failed(at: now, retryAfter: nil, definite: false, jitter: 1)
        backoff.succeeded()
        #expect(backoff == Backoff())
    }
}
