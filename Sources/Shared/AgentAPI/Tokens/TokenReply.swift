/// A fresh access token: an RFC 6749 §5.1 token response with additions for local programs.
///
/// It deliberately has no member for a refresh token.
public struct TokenReply: Codable, Equatable, Sendable {
    public var accessToken: String
    /// If requested, the newest verified ID token of the login.
    public var idToken: String?
    /// The expiry of the ID token in seconds since 1970; it may be before or after that of the access token.
    public var idTokenExpiresAt: Int?
    /// `N_A` if services do not take it as an access token (RFC 8693 §2.2.1).
    public var tokenType: String
    /// What an exchange has issued, a URI (RFC 8693 §3); absent for any other token.
    public var issuedTokenType: String?
    /// The remaining lifetime in seconds; absent if the provider did not report it.
    public var expiresIn: Int?
    public var scope: String
    /// In seconds since 1970, derived for display; the agent itself uses CLOCK_BOOTTIME.
    public var expiresAt: Int?
    public var account: AccountName
    /// Set if the token's lifetime is shorter, or its scope is wider, than requested.
    public var note: String?
    /// If the account was found by a URL, the user names of its file for git and for a container registry.
    public var gitUsername: String?
    public var registryUsername: String?
    /// If the request named `acr`, the authentication context of the login and its time in seconds since 1970.
    public var acr: String?
    public var authTime: Int?

    public init(
        accessToken: String, idToken: String? = nil, idTokenExpiresAt: Int? = nil, tokenType: String,
        expiresIn: Int?, scope: String, expiresAt: Int?, account: AccountName, note: String?,
        gitUsername: String? = nil, registryUsername: String? = nil
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
        self.gitUsername = gitUsername
        self.registryUsername = registryUsername
    }

    /// Whether services take the token as an access token.
    public var isAccessToken: Bool { tokenType != "N_A" }

    enum CodingKeys: String, CodingKey {
        case accessToken = "access_token"
        case idToken = "id_token"
        case idTokenExpiresAt = "id_token_expires_at"
        case tokenType = "token_type"
        case issuedTokenType = "issued_token_type"
        case expiresIn = "expires_in"
        case scope
        case expiresAt = "expires_at"
        case account
        case note
        case gitUsername = "git_username"
        case registryUsername = "registry_username"
        case acr
        case authTime = "auth_time"
    }
}
