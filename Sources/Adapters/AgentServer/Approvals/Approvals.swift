package import AgentAPI
internal import Glibc
internal import Policy
internal import Synchronization

/// Requests that wait until the agent's owner confirms them, and the processes that have an approval.
///
/// An answer is for the process that was pinned when it asked, and for the rules of that moment.
public final class Approvals: Sendable {
    /// The time, which tests set by hand.
    package struct Clock: Sendable {
        package var now: @Sendable () -> ContinuousClock.Instant
        /// Seconds since 1970.
        package var wall: @Sendable () -> Int
        package var sleep: @Sendable (Duration) async throws -> Void

        package init(
            now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
            wall: @escaping @Sendable () -> Int, sleep: @escaping @Sendable (Duration) async throws -> Void
        ) {
            self.now = now
            self.wall = wall
            self.sleep = sleep
        }
    }

    private struct Waiter {
        let continuation: CheckedContinuation<ApprovalOutcome, Never>
        var timer: Task<Void, Never>?
    }

    private struct State {
        var pending = PendingApprovals()
        var confirmed = ConfirmedProcesses()
        var waiters: [UInt64: Waiter] = [:]
        var lastWaiter: UInt64 = 0
        /// Whether the agent stops, so that no answer would come.
        var isStopped = false
        /// The programs that are being asked, by the ids of the questions.
        var programs: [String: Task<Void, Never>] = [:]
        var report: @Sendable (AgentNews) -> Void = { _ in }
        var program: @Sendable (Approval) async -> Bool? = { _ in nil }
    }

    private let clock: Clock
    private let state = Mutex(State())

    package init(clock: Clock) { self.clock = clock }

    public convenience init() {
        self.init(
            clock: Clock(wall: { time(nil) }, sleep: { try await Task.sleep(for: $0, clock: .continuous) }))
    }

    /// Sets what receives the events, and the program that may answer: `nil` if it does not.
    package func connect(
        report: @escaping @Sendable (AgentNews) -> Void, program: @escaping @Sendable (Approval) async -> Bool?
    ) {
        state.withLock { ($0.report, $0.program) = (report, program) }
    }

    package var pending: [Approval] { state.withLock { $0.pending.approvals } }

    /// Whether the process has an approval for the account.
    package func covers(_ question: ApprovalQuestion) -> Bool { state.withLock { $0.confirmed.covers(question) } }

    /// Asks, and waits for the answer, at most for `limit`. A caller that leaves withdraws its question.
    package func ask(
        _ question: ApprovalQuestion, within limit: Duration,
        until cancellation: RequestCancellation = RequestCancellation()
    ) async -> ApprovalOutcome {
        guard limit > .zero else { return .timedOut }
        let waiter = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                begin(question, waiter, continuation, within: limit)
                cancellation.whenTimedOut { [weak self] in self?.end(waiter, .timedOut) }
                cancellation.whenGone { [weak self] in self?.end(waiter, .withdrawn) }
                // The task may have been cancelled before the waiter was there.
                if Task.isCancelled { end(waiter, .withdrawn) }
            }
        } onCancel: {
            end(waiter, .withdrawn)
        }
    }

    private func begin(
        _ question: ApprovalQuestion, _ waiter: UInt64, _ continuation: CheckedContinuation<ApprovalOutcome, Never>,
        within limit: Duration
    ) {
        let wall = clock.wall()
        let deadline = wall + Int(limit.components.seconds)
        let (joined, report) = state.withLock { state -> (PendingApprovals.Joined?, @Sendable (AgentNews) -> Void) in
            guard !state.isStopped else { return (nil, state.report) }
            let joined = state.pending.join(
                question, waiter: waiter, id: Self.randomID, at: wall, until: deadline, now: clock.now())
            if joined != .tooMany { state.waiters[waiter] = Waiter(continuation: continuation) }
            return (joined, state.report)
        }
        guard let joined else { return continuation.resume(returning: .agentStops) }
        guard joined != .tooMany else { return continuation.resume(returning: .tooMany) }
        setTimer(of: waiter, after: limit)
        if case .asked(let approval) = joined {
            report(.approvalRequested(approval))
            askProgram(approval)
        }
    }

    private func setTimer(of waiter: UInt64, after limit: Duration) {
        // Unstructured task: it ends with the waiter.
        let timer = Task { [weak self, clock] in
            do { try await clock.sleep(limit) } catch { return }
            self?.end(waiter, .timedOut)
        }
        let isWaiting = state.withLock { state in
            state.waiters[waiter]?.timer = timer
            return state.waiters[waiter] != nil
        }
        if !isWaiting { timer.cancel() }
    }

    private func askProgram(_ approval: Approval) {
        let program = state.withLock { $0.program }
        // Unstructured task: it ends with the question.
        let task = Task { [weak self] in
            guard let answer = await program(approval), !Task.isCancelled else { return }
            _ = self?.answer(approval.id, approve: answer, by: "on_confirm")
        }
        let isPending = state.withLock { state in
            let isPending = state.pending.approvals.contains { $0.id == approval.id }
            if isPending { state.programs[approval.id] = task }
            return isPending
        }
        if !isPending { task.cancel() }
    }

    /// Answers a question. Returns it, or `nil` if none with this id waits.
    package func answer(_ id: String, approve: Bool, by person: String) -> Approval? {
        let end: ApprovalOutcome = approve ? .approved(by: person) : .denied(by: person)
        let ended = state.withLock { state -> Ended? in
            guard let entry = state.pending.take(id) else { return nil }
            if approve {
                state.confirmed.add(entry.question)
            } else {
                state.pending.noteUnapproved(entry.question, at: clock.now())
            }
            return take([entry], &state)
        }
        guard let ended else { return nil }
        finish(ended, end)
        return ended.approvals.first
    }

    /// Ends every question, and forgets every approval. Once the agent stops, it also ends later questions.
    package func drop(_ end: ApprovalOutcome) {
        let ended = state.withLock { state in
            state.confirmed.forget()
            if end == .agentStops { state.isStopped = true }
            return take(state.pending.takeAll(), &state)
        }
        finish(ended, end)
    }

    private func end(_ waiter: UInt64, _ end: ApprovalOutcome) {
        let (own, ended) = state.withLock { state -> (Waiter?, Ended?) in
            let own = state.waiters.removeValue(forKey: waiter)
            guard let entry = state.pending.leave(waiter) else { return (own, nil) }
            state.pending.noteUnapproved(entry.question, at: clock.now())
            return (own, take([entry], &state))
        }
        own?.timer?.cancel()
        own?.continuation.resume(returning: end)
        if let ended { finish(ended, end) }
    }

    /// What ends with questions, to be done outside the lock.
    private struct Ended {
        var approvals: [Approval]
        var waiters: [Waiter]
        var programs: [Task<Void, Never>]
        var report: @Sendable (AgentNews) -> Void
    }

    private func take(_ entries: [PendingApprovals.Entry], _ state: inout State) -> Ended {
        Ended(
            approvals: entries.map(\.approval),
            waiters: entries.flatMap(\.waiters).compactMap { state.waiters.removeValue(forKey: $0) },
            programs: entries.compactMap { state.programs.removeValue(forKey: $0.approval.id) },
            report: state.report)
    }

    private func finish(_ ended: Ended, _ end: ApprovalOutcome) {
        for program in ended.programs { program.cancel() }
        for waiter in ended.waiters {
            waiter.timer?.cancel()
            waiter.continuation.resume(returning: end)
        }
        for approval in ended.approvals { ended.report(.approvalEnded(approval, reason: end.word)) }
    }

    /// Short, because it is typed; only the owner can send it.
    private static func randomID() -> String {
        let text = String(UInt32.random(in: .min ... .max), radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}
