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

/// The invariants of each cell, wherever the agent was killed.
extension Cell {
    var violations: [String] {
        [storeViolation, orderViolation, replayViolation, outcomeViolation, restartViolation].compactMap(\.self)
    }

    /// The store has generation n or n + 1.
    private var storeViolation: String? {
        guard let stored = remains.stored else { return "the store has no refresh token" }
        guard stored != before, let issued, !issued.contains(stored) else { return nil }
        return "the store has a refresh token that is neither the old one nor a new one"
    }

    /// The new refresh token is durable before any caller gets the new access token.
    private var orderViolation: String? {
        guard isServed, policy != .none, phase == .window || phase == .asking || phase == .request else { return nil }
        return "a token was served before the new refresh token was durable"
    }

    /// Once by the killed agent and once by its successor; a token without rotation stays in use.
    private var replayViolation: String? {
        guard let spendings, let laterSpendings else { return nil }
        if spendings > 2 { return "the old refresh token was spent \(spendings) times" }
        if policy != .none, laterSpendings != spendings {
            return "the second restart spent the old refresh token again"
        }
        return nil
    }

    /// A login may be lost only between the provider's reply and the journal; and its loss is detected.
    private var outcomeViolation: String? {
        switch first {
        case .recovered: return nil
        case .loginRequired(let reason):
            guard policy.isStrict, phase == .window, spendings.map({ $0 == 2 }) ?? true else {
                return "the login is lost"
            }
            return reason == "rotation_lost" ? nil : "the login is lost for a wrong reason: \(reason)"
        case .other(let text): return "neither a token nor a login that is required: \(text)"
        }
    }

    private var restartViolation: String? {
        first == second ? nil : "a second restart changes the outcome"
    }
}
