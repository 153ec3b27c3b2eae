/// What an issuer's keys are wanted for. Each has a budget of its own for asking the issuer: a forged token that
/// somebody looks at must not cost the next login its check.
enum KeyPurpose: Hashable, Sendable {
    /// Somebody has just approved it.
    case login
    case renewal
    /// A token from anywhere.
    case inspection
}
