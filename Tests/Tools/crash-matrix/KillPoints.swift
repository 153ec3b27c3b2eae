import ReplyCorpus
import Synchronization

/// The kill points, handed out one by one.
final class KillPoints: Sendable {
    private struct State {
        /// Whether all numbers come first, until refreshes complete.
        var takesNumbers = false
        var next = 1
        /// The last number with a kill.
        var lastKill = 0
        var chosen: ArraySlice<KillPoint>
    }

    private let state: Mutex<State>

    /// Threads are scheduled differently each time, so the number of calls of a refresh varies. After this many
    /// completed refreshes in a row, the last number is behind the end.
    private static let finishedInARow = 12
    /// For the same reason a number may miss a call with an effect outside the agent. Those calls are also counted by
    /// name, so that none is left out.
    private static let lasting: Set = [
        "accept4", "clone3", "connect", "fallocate", "fsync", "ftruncate", "memfd_create", "openat", "pwrite64", "read",
        "recvfrom", "renameat", "renameat2", "sendto", "unlinkat", "write", "writev",
    ]

    /// All points of a refresh like this one.
    init(of reference: SystemCalls) {
        state = Mutex(State(takesNumbers: true, chosen: Self.named(in: reference)[...]))
    }

    init(only point: KillPoint) { state = Mutex(State(chosen: [point])) }

    /// A sample of points of a refresh like this one, half of them within the rotation, where they matter most; the
    /// same for the same seed and refresh.
    init(sample count: Int, of reference: SystemCalls, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let all = 1...max(reference.calls.count, 1)
        // From the intent in the journal to its replacement.
        let marks = all.filter { ["renameat", "renameat2", "unlinkat"].contains(reference.calls[$0 - 1].name) }
        let rotation = (marks.first ?? 1)...(marks.dropFirst().first ?? all.upperBound)
        let inside = rotation.shuffled(using: &generator).prefix((count + 1) / 2)
        let others = all.filter { !inside.contains($0) }.shuffled(using: &generator).prefix(count - inside.count)
        state = Mutex(State(chosen: (inside + others).sorted().map { .number($0) }[...]))
    }

    /// `nil` if there are no more.
    func take() -> KillPoint? {
        state.withLock { state in
            guard state.takesNumbers, state.next <= state.lastKill + Self.finishedInARow else {
                return state.chosen.popFirst()
            }
            defer { state.next += 1 }
            return .number(state.next)
        }
    }

    /// Records a kill at this point.
    func killed(at point: KillPoint) {
        guard case .number(let number) = point else { return }
        state.withLock { $0.lastKill = max($0.lastKill, number) }
    }

    private static func named(in reference: SystemCalls) -> [KillPoint] {
        var counts: [String: Int] = [:]
        return reference.calls.map(\.name).filter(lasting.contains).map { name in
            counts[name, default: 0] += 1
            return .call(name, counts[name, default: 0])
        }
    }
}
