public import AgentAPI

/// A change of an account that ends the tokens which were made from its own.
public enum SourceChange: Equatable, Sendable {
    /// The login of this account has ended by its user's will.
    case signedOut(AccountName)
    /// There is another login, other settings, or a lock.
    case replaced
}
