/// How the agent itself renews a login that has ended, with the names of the account file's key `renew`.
public enum RenewalKind: String, CaseIterable, Sendable {
    /// It asks on the user's phone (OpenID Connect CIBA Core 1.0).
    case ciba
}
