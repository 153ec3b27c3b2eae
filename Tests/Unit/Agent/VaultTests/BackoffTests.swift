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

    @Test("a success resets the back-off")
    func success() {
        var backoff = Backoff()
        backoff.failed(at: now, retryAfter: nil, definite: false, jitter: 1)
        backoff.succeeded()
        #expect(backoff == Backoff())
    }
}
