/// A fresh access token: an RFC 6749 §5.1 token response plus what a local program needs to know.
///
/// There is no member for a refresh token, on purpose.
public struct TokenReply: Codable, Equatable, Sendable {
    public var accessToken: String
    /// When it was asked for: the newest verified ID token of the login.
    public var idToken: String?
    /// Seconds since 1970, of the ID token, which may expire before the access token or after it.
    public var idTokenExpiresAt: Int?
    public var tokenType: String
    /// Seconds of life left; absent when the provider named no expiry.
    public var expiresIn: Int?
    public var scope: String
    /// Seconds since 1970, derived for display; the agent itself counts on CLOCK_BOOTTIME.
    public var expiresAt: Int?
    public var account: AccountName
    /// Set when the token is served although it lives shorter, or can do more, than was asked for.
    public var note: String?

    public init(
        accessToken: String, idToken: String? = nil, idTokenExpiresAt: Int? = nil, tokenType: String,
        expiresIn: Int?, scope: String, expiresAt: Int?, account: AccountName, note: String?
    ) {
        self.accessToken = accessToken
        self.idToken = idToken
        self.idTokenExpiresAt = idTokenExpiresAt
        self.tokenType = tokenType
        self.expiresIn = expiresIn
        self.scope = scope
        self.expiresAt = expiresAt
        self.account = account
        self.note = note
    }

    enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case idToken = "id_token"
        case idTokenExpiresAt = "id_token_expires_at"
        case tokenType = "token_type"
        case expiresIn = "expires_in"
        case scope
        case expiresAt = "expires_at"
        case account
        case note
    }
}
