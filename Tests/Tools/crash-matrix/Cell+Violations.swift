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
