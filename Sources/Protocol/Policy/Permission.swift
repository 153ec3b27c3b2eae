/// A permission that a rule of `authagent.toml` can grant.
public enum Permission: String, CaseIterable, Codable, Sendable {
    case token
    case idToken = "id_token"
    /// Tokens of a login with a named authentication context (step-up).
    case elevated
    case status
    case login
    case logout
    /// The agent as a whole: stores, locks, reload, doctor.
    case admin
}
