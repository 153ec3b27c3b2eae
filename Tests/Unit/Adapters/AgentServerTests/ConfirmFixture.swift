import AgentAPI
import AgentServer
import Policy
import Synchronization
import TestSupport
import Testing

/// A server under a rule with `confirm`, whose next connections are of the callers that a test names.
final class ConfirmFixture: Sendable {
    /// A process that a test ends.
    final class Process: PinnedProcess {
        private let ended = Mutex(false)

        var isAlive: Bool { ended.withLock { !$0 } }
        func end() { ended.withLock { $0 = true } }

        func isSame(as other: any PinnedProcess) -> Bool {
            isAlive && (other as? Process).map { $0 === self } ?? false
        }
    }

    struct Pinned: CallerIdentity {
        let connected: Caller
        let process: Process

        func callerAtOnce(_ facts: CallerFacts) throws(CallerLost) -> Caller? {
            guard process.isAlive else { throw .ended }
            return connected
        }

        func caller(_ facts: CallerFacts) async throws(CallerLost) -> Caller {
            guard process.isAlive else { throw .ended }
            return connected
        }

        func pinned() throws(CallerLost) -> (any PinnedProcess)? { process }
    }

    let audit = AccessFixture()
    let rules: CurrentRules
    let approvals: Approvals
    /// The time of the questions' limits.
    let time: ManualTime
    private let next: Mutex<any CallerIdentity>

    init(_ confirm: AgentAPI.Confirmation, allow: Set<Permission> = [.token], time: ManualTime = ManualTime()) {
        self.time = time
        rules = CurrentRules(Self.rules(confirm, allow: allow))
        approvals = Approvals(
            clock: Approvals.Clock(
                now: { time.now }, wall: { time.wall }, sleep: { try await time.sleep(until: time.now + $0) }))
        next = Mutex(Pinned(connected: AccessFixture.stranger, process: Process()))
    }

    static func rules(_ confirm: AgentAPI.Confirmation, allow: Set<Permission> = [.token]) -> AccessRules {
        var rule = AccessFixture.rule(["*"], [.everyUser], allow: allow)
        rule.confirm = confirm
        return AccessRules(owner: AccessFixture.owner, rules: [rule])
    }

    var access: Access {
        let next = { @Sendable (_: Int32) in self.next.withLock { $0 } }
        return Access(
            rules: rules, audit: audit, credentials: { next($0).connected }, peer: next, approvals: approvals)
    }

    /// Makes the next connections those of this process.
    func become(_ user: UInt32, pid: Int32 = 77, _ process: Process = Process()) {
        next.withLock { $0 = Pinned(connected: Caller(pid: pid, user: user, group: user), process: process) }
    }

    func becomeOwner() { become(AccessFixture.owner, pid: 1) }

    /// Waits until so many questions wait, and returns them.
    func questions(_ count: Int = 1) async -> [Approval] {
        await eventually("\(approvals.pending)") { self.approvals.pending.count == count }
        return approvals.pending
    }
}
