import Dispatch
import PeerIdentity
import Synchronization
import TestSupport
import Testing

/// Users with an entry on this machine.
@Suite(.timeLimit(.minutes(10)))
struct SystemUsersTests {
    @Test("root has an entry, and an unknown user ID has none")
    func real() async {
        let users = SystemUsers()
        #expect(users.isListed(0) == nil)
        #expect(await users.lookUp(0))
        #expect(users.isListed(0) == true)
        #expect(await !users.lookUp(3_999_999_123))
        #expect(users.isListed(3_999_999_123) == false)
    }

    @Test("a directory that hangs is not waited for long, and its last reply stays valid")
    func hanging() async {
        let hangs = Mutex(false)
        let end = DispatchSemaphore(value: 0)
        var limits = SystemUsers.Limits()
        (limits.time, limits.life) = (.milliseconds(50), .zero)
        let users = SystemUsers(limits: limits) { _ in
            if hangs.withLock({ $0 }) { end.wait() }
            return true
        }
        // Known from then on, whether or not the reply came in time.
        _ = await users.lookUp(7)
        await eventually { users.isFinished }
        hangs.withLock { $0 = true }
        #expect(await users.lookUp(7))
        #expect(await !users.lookUp(8))
        #expect(users.isListed(8) == false)
        for _ in 0..<10 { end.signal() }
    }

    @Test("waiting look-ups are limited, and further ones count as not listed")
    func bounded() async {
        let end = DispatchSemaphore(value: 0)
        var limits = SystemUsers.Limits()
        (limits.time, limits.waiting) = (.seconds(60), 1)
        let users = SystemUsers(limits: limits) { _ in
            end.wait()
            return true
        }
        async let first = users.lookUp(7)
        await eventually { !users.isFinished }
        #expect(await !users.lookUp(8))
        end.signal()
        #expect(await first)
    }
}
