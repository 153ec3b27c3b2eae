import Foundation
import PeerIdentity
import Synchronization
import TestSupport
import Testing

/// Calls blocked by a file system.
@Suite(.timeLimit(.minutes(5)))
struct BlockingLaneTests {
    private static let owner: UInt32 = 1000

    private func lanes(_ change: (inout BlockingLanes.Limits) -> Void = { _ in }) -> BlockingLanes {
        var limits = BlockingLanes.Limits()
        // A blocked call is detected at once.
        limits.turn = .milliseconds(1)
        change(&limits)
        return BlockingLanes(limits) { $0 == Self.owner || $0 == 0 }
    }

    /// Calls that block until the end of the test.
    private final class Hang: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        let running = Mutex(0)

        func call(_ lanes: BlockingLanes, of user: UInt32) -> Task<Int?, Never> {
            Task {
                await lanes.run(of: user, within: .seconds(600)) { _ in
                    self.running.withLock { $0 += 1 }
                    self.semaphore.wait()
                    self.semaphore.signal()
                    return 1
                }
            }
        }

        func end() { semaphore.signal() }
    }

    private func value(_ lanes: BlockingLanes, of user: UInt32) async -> Int? {
        await lanes.run(of: user, within: .seconds(600)) { _ in 7 }
    }

    @Test(
        "blocked calls of one user take few threads, further ones fail, and other users do not wait"
    )
    func oneUser() async {
        let (lanes, hang) = (lanes(), Hang())
        defer { hang.end() }
        var calls: [Task<Int?, Never>] = []
        for _ in 0..<10 { calls.append(hang.call(lanes, of: 1)) }
        await eventually { hang.running.withLock { $0 } == 2 }
        // Waiting calls would start when a blocked one returns, and none does.
        #expect(await lanes.run(of: 1, within: .milliseconds(10)) { _ in 7 } == nil)
        for user in [2, Self.owner, 0] { #expect(await value(lanes, of: user) == 7) }
        #expect(hang.running.withLock { $0 } == 2)
        hang.end()
        for call in calls { #expect(await [1, nil].contains(call.value)) }
        await eventually { await value(lanes, of: 1) == 7 }
    }

    @Test("a blocked call delays its user's next one for its turn only")
    func turn() async {
        let (lanes, hang) = (lanes(), Hang())
        let call = hang.call(lanes, of: 1)
        await eventually { hang.running.withLock { $0 } == 1 }
        #expect(await value(lanes, of: 1) == 7)
        hang.end()
        #expect(await call.value == 1)
    }

    @Test("all users share a limit of threads, separate from those of the agent's user and root")
    func allUsers() async {
        let (lanes, hang) = (lanes { $0.threads = 4 }, Hang())
        var calls: [Task<Int?, Never>] = []
        for user in UInt32(1)...4 {
            calls.append(hang.call(lanes, of: user))
            await eventually { hang.running.withLock { $0 } == calls.count }
        }
        #expect(await lanes.run(of: 5, within: .milliseconds(10)) { _ in 7 } == nil)
        for user in [Self.owner, 0] { #expect(await value(lanes, of: user) == 7) }
        hang.end()
        for call in calls { #expect(await call.value == 1) }
        await eventually { await value(lanes, of: 5) == 7 }
    }

    @Test("a caller waits no longer than its limit, also for a call that waits for its turn")
    func time() async {
        let (lanes, hang) = (lanes { $0.turn = .seconds(600) }, Hang())
        let call = hang.call(lanes, of: 1)
        await eventually { hang.running.withLock { $0 } == 1 }
        let late: Int? = await lanes.run(of: 1, within: .milliseconds(1)) { _ in 7 }
        #expect(late == nil)
        hang.end()
        #expect(await call.value == 1)
    }
}
