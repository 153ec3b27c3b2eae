/// What an issuer's keys are needed for. Each purpose has a fetch budget of its own, so that inspecting a forged token
/// cannot use up the next login's.
enum KeyPurpose: Hashable, Sendable {
    /// The check of a login that was just approved.
    case login
    case renewal
    /// The inspection of a token from any source.
    case inspection
}
