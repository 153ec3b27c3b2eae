/// The kind of grant by which an account logs in, with the names of the account file's key `grant`.
public enum GrantKind: String, Codable, CaseIterable, Sendable {
    /// A code that is entered on another device (RFC 8628).
    case device
    /// The authorization code grant with PKCE (RFC 6749 §4.1, RFC 7636).
    case code
    /// A question on the user's phone (OpenID Connect CIBA Core 1.0, poll mode).
    case ciba
}
