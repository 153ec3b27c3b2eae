/// The state after a kill, before the agent starts again.
struct Remains: Sendable {
    /// The files of the journal.
    let journal: [String]
    /// The refresh token in the store; `nil` if there is none.
    let stored: String?
    /// Whether the provider has spent the refresh token; `nil` if it does not report that.
    let hasSpent: Bool?

    var hasIntent: Bool { journal.contains { $0.hasSuffix(".intent") } }
    var hasRotated: Bool { journal.contains { $0.hasSuffix(".rotated") } }
}

/// A kill and its outcome.
struct Cell: Sendable {
    let point: KillPoint
    let policy: Policy
    let calls: SystemCalls
    /// Whether the killed agent's client got its token.
    let isServed: Bool
    /// The refresh token before the kill, of generation n.
    let before: String
    let remains: Remains
    let first: Outcome
    let second: Outcome
    /// How often that refresh token was spent: up to the first reply, and up to the second.
    let spendings: Int?
    let laterSpendings: Int?
    /// The refresh tokens issued meanwhile.
    let issued: Set<String>?

    /// The progress of the refresh.
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

    /// The call at which the agent was killed; `nil` if the refresh completed.
    var call: String? { calls.isKilled ? calls.calls.last?.name : nil }
}

extension Cell: CustomStringConvertible {
    var description: String { "point \(point) (\(call ?? "none"), \(phase.rawValue)), first \(first), then \(second)" }
}
