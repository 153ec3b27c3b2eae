internal import Dispatch
internal import Synchronization

/// Threads for calls that a file system may block, with one lane per user.
///
/// A lane runs one call at a time. A call without progress for `turn` loses its turn, and the lane's next call starts.
/// A blocked thread cannot be ended, so threads are limited per lane and in total.
package final class BlockingLanes: Sendable {
    package struct Limits: Sendable {
        /// Time without progress after which the lane's next call starts.
        package var turn: Duration = .seconds(2)
        /// Blocked calls per user; further calls fail at once.
        package var hanging = 2
        /// The same limit for the agent's user and root, whose programs share a lane.
        package var ownHanging = 8
        /// Waiting calls per user.
        package var waiting = 64
        /// Threads for all users except the agent's user and root.
        package var threads = 32
        /// Users with running or waiting calls: cron may start a thousand jobs in one second.
        package var lanes = 1024

        package init() {}
    }

    /// A signal by which a call reports progress.
    package final class Progress: Sendable {
        private let last = Mutex(ContinuousClock.now)
        /// The number of the deadline that ends its turn.
        fileprivate let turn = Mutex<UInt64>(0)
        package func report() { last.withLock { $0 = .now } }
        var silence: Duration { last.withLock { .now - $0 } }
    }

    private struct Job: Sendable {
        let id: UInt64
        let run: @Sendable (Progress) -> Void
    }

    private struct Lane {
        var running: Set<UInt64> = []
        var hanging: Set<UInt64> = []
        var waiting: [Job] = []

        /// Whether a call may start beside the blocked ones.
        func isFree(_ most: Int) -> Bool { running.count == hanging.count && hanging.count < most }
    }

    private typealias Lanes = [UInt32: Lane]

    private let state = Mutex<Lanes>([:])
    private let limits: Limits
    private let isOwn: @Sendable (UInt32) -> Bool
    private let deadlines = Deadlines()

    package init(_ limits: Limits, isOwn: @escaping @Sendable (UInt32) -> Bool) {
        self.limits = limits
        self.isOwn = isOwn
    }

    /// Runs the call and returns its value; `nil` if the queue is full or the call does not return in time.
    package func run<Value: Sendable>(
        of user: UInt32, within time: Duration, _ body: @escaping @Sendable (Progress) -> Value?
    ) async -> Value? {
        await withCheckedContinuation { continuation in
            let once = Mutex<CheckedContinuation<Value?, Never>?>(continuation)
            let answer: @Sendable (Value?) -> Void = { value in
                once.withLock { $0.take() }?.resume(returning: value)
            }
            // The deadline's number identifies the job.
            let job = deadlines.add(after: time) { job in
                self.leaveQueue(user, job)
                answer(nil)
            }
            let isTaken = enter(user, job) { progress in
                answer(body(progress))
                self.deadlines.remove(job)
            }
            guard !isTaken else { return }
            deadlines.remove(job)
            answer(nil)
        }
    }

    /// Queues the call; false if the queue is full.
    private func enter(_ user: UInt32, _ job: UInt64, _ body: @escaping @Sendable (Progress) -> Void) -> Bool {
        let isTaken = state.withLock { state in
            guard isOwn(user) || state[user] != nil || strangers(state).count < limits.lanes else { return false }
            var lane = state[user] ?? Lane()
            // If every thread of the lane is blocked, one more call would only wait for its deadline.
            guard lane.waiting.count < limits.waiting, lane.hanging.count < most(user) else { return false }
            lane.waiting.append(Job(id: job, run: body))
            state[user] = lane
            return true
        }
        if isTaken { pump() }
        return isTaken
    }

    private func most(_ user: UInt32) -> Int { isOwn(user) ? limits.ownHanging : limits.hanging }

    private func strangers(_ lanes: Lanes) -> [Lane] { lanes.filter { !isOwn($0.key) }.map(\.value) }

    /// Starts all calls that may start.
    private func pump() {
        let ready = state.withLock { state -> [(user: UInt32, job: Job)] in
            var ready: [(user: UInt32, job: Job)] = []
            var threads = strangers(state).reduce(0) { $0 + $1.running.count }
            for (user, lane) in state where !lane.waiting.isEmpty && lane.isFree(most(user)) {
                guard isOwn(user) || threads < limits.threads else { continue }
                if !isOwn(user) { threads += 1 }
                var lane = lane
                let job = lane.waiting.removeFirst()
                lane.running.insert(job.id)
                state[user] = lane
                ready.append((user, job))
            }
            return ready
        }
        for (user, job) in ready { start(user, job) }
    }

    private func start(_ user: UInt32, _ job: Job) {
        let progress = Progress()
        watch(user, job.id, progress)
        let isStarted = DetachedThread.start {
            job.run(progress)
            self.end(user, job, progress)
        }
        // The caller gets `nil` at its deadline.
        if !isStarted { end(user, job, progress) }
    }

    private func end(_ user: UInt32, _ job: Job, _ progress: Progress) {
        deadlines.remove(progress.turn.withLock { $0 })
        change(user) { lane in
            lane.running.remove(job.id)
            lane.hanging.remove(job.id)
        }
    }

    /// Ends the turn of a call without progress.
    private func watch(_ user: UInt32, _ job: UInt64, _ progress: Progress) {
        let turn = deadlines.add(after: limits.turn) { _ in
            let isHanging = progress.silence >= self.limits.turn
            let isRunning = self.state.withLock { $0[user]?.running.contains(job) == true }
            guard isRunning else { return }
            guard isHanging else { return self.watch(user, job, progress) }
            self.change(user) { if $0.running.contains(job) { $0.hanging.insert(job) } }
        }
        progress.turn.withLock { $0 = turn }
    }

    /// Removes a call whose caller no longer waits.
    private func leaveQueue(_ user: UInt32, _ job: UInt64) {
        change(user) { $0.waiting.removeAll { $0.id == job } }
    }

    private func change(_ user: UInt32, _ body: (inout Lane) -> Void) {
        state.withLock { state in
            guard var lane = state[user] else { return }
            body(&lane)
            state[user] = lane.running.isEmpty && lane.waiting.isEmpty ? nil : lane
        }
        pump()
    }
}
