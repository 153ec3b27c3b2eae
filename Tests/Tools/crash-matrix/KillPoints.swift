import ReplyCorpus
import Synchronization

/// The points to kill at, handed out one by one.
final class KillPoints: Sendable {
    private struct State {
        /// Whether every number comes first, until refreshes come through.
        var takesNumbers = false
        var next = 1
        /// The last number at which there was something to kill.
        var lastKill = 0
        var chosen: ArraySlice<KillPoint>
    }

    private let state: Mutex<State>

    /// Threads take turns in another order each time, so one refresh has some calls more than another one. When so many
    /// in a row come through, their end is behind the last one's.
    private static let finishedInARow = 12
    /// For the same reason a number may miss a call that changes something outside of the agent. Those are counted by
    /// their names as well, so that none is left out.
    private static let lasting: Set = [
        "accept4", "clone3", "connect", "fallocate", "fsync", "ftruncate", "memfd_create", "openat", "pwrite64", "read",
        "recvfrom", "renameat", "renameat2", "sendto", "unlinkat", "write", "writev",
    ]

    /// Every point of a refresh like this one.
    init(of reference: SystemCalls) {
        state = Mutex(State(takesNumbers: true, chosen: Self.named(in: reference)[...]))
    }

    init(only point: KillPoint) { state = Mutex(State(chosen: [point])) }

    /// So many points of a refresh like this one, half of them within the rotation, where it matters most; the same for
    /// the same seed and refresh.
    init(sample count: Int, of reference: SystemCalls, seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let all = 1...max(reference.calls.count, 1)
        // From the intent in the journal to what replaces it.
        let marks = all.filter { ["renameat", "renameat2", "unlinkat"].contains(reference.calls[$0 - 1].name) }
        let rotation = (marks.first ?? 1)...(marks.dropFirst().first ?? all.upperBound)
        let inside = rotation.shuffled(using: &generator).prefix((count + 1) / 2)
        let others = all.filter { !inside.contains($0) }.shuffled(using: &generator).prefix(count - inside.count)
        state = Mutex(State(chosen: (inside + others).sorted().map { .number($0) }[...]))
    }

    /// Nil when there are no more.
    func take() -> KillPoint? {
        state.withLock { state in
            guard state.takesNumbers, state.next <= state.lastKill + Self.finishedInARow else {
                return state.chosen.popFirst()
            }
            defer { state.next += 1 }
            return .number(state.next)
        }
    }

    /// At this point there was something to kill.
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
