/// What a kill has left behind, seen before the agent starts again.
struct Remains: Sendable {
    /// The files of the journal.
    let journal: [String]
    /// The refresh token in the store; nil when there is none.
    let stored: String?
    /// Whether the provider has spent the refresh token; nil when it does not tell.
    let hasSpent: Bool?

    var hasIntent: Bool { journal.contains { $0.hasSuffix(".intent") } }
    var hasRotated: Bool { journal.contains { $0.hasSuffix(".rotated") } }
}

/// One kill, and what has come of it.
struct Cell: Sendable {
    let point: KillPoint
    let policy: Policy
    let calls: SystemCalls
    /// Whether the client of the killed agent got its token.
    let isServed: Bool
    /// The refresh token before, of generation n.
    let before: String
    let remains: Remains
    let first: Outcome
    let second: Outcome
    /// How often the refresh token before was spent: until the first answer, and until the second one.
    let spendings: Int?
    let laterSpendings: Int?
    /// The refresh tokens that came meanwhile.
    let issued: Set<String>?

    /// How far the refresh had come.
    enum Phase: String, CaseIterable, Sendable {
        case request = "before the intent"
        case asking = "intent, not sent"
        case window = "answered, not in the journal"
        case journaled = "in the journal"
        case copied = "in the store"
        case finished = "finished"
    }

    var phase: Phase {
        guard calls.isKilled else { return .finished }
        let isStored = remains.stored != before
        if remains.hasRotated { return isStored ? .copied : .journaled }
        if isStored { return .copied }
        if remains.hasIntent { return remains.hasSpent == false ? .asking : .window }
        return remains.hasSpent == true ? .copied : .request
    }

    /// The call that the agent was killed at; nil when it came through.
    var call: String? { calls.isKilled ? calls.calls.last?.name : nil }
}

extension Cell: CustomStringConvertible {
    var description: String { "point \(point) (\(call ?? "none"), \(phase.rawValue)), first \(first), then \(second)" }
}
