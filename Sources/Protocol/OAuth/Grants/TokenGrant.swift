internal import Formats
public import SecretMemory

/// A successful token response (RFC 6749 §5.1).
public struct TokenGrant: Sendable {
    public var accessToken: SecretBytes
    /// `Bearer` (RFC 6749 §7.1), or `notAnAccessToken`; other token types are not supported.
    public var tokenType: String
    /// What an exchange has issued (RFC 8693 §2.2.1); `nil` for any other grant.
    public var issuedType: TokenTypeIdentifier?
    /// Seconds from 1 to 10 years; `nil` if the server sends no valid lifetime.
    public var expiresIn: Int?
    /// `nil` if a refresh keeps the old one (RFC 6749 §6).
    public var refreshToken: SecretBytes?
    /// `nil` if as requested (RFC 6749 §5.1).
    public var scope: [String]?
    /// Whether `scope` holds all scopes of the reply: false if a part is unreadable, or two members differ.
    public var isScopeComplete: Bool
    public var idToken: SecretBytes?
    /// Seconds from 1 to 10 years until the refresh token expires; `nil` if unknown or never.
    public var refreshExpiresIn: Int?
    /// What was granted of `authorization_details` (RFC 9396 §7); `nil` if absent or unreadable.
    public var authorizationDetails: AuthorizationDetails?
    /// Whether the reply has details that cannot be read, so that it is not known what the token is for.
    public var areDetailsUnreadable = false

    public init(
        accessToken: SecretBytes, tokenType: String = "Bearer", expiresIn: Int? = nil,
        refreshToken: SecretBytes? = nil, scope: [String]? = nil, idToken: SecretBytes? = nil,
        refreshExpiresIn: Int? = nil, isScopeComplete: Bool = true,
        authorizationDetails: AuthorizationDetails? = nil
    ) {
        self.accessToken = accessToken
        self.tokenType = tokenType
        self.expiresIn = expiresIn
        self.refreshToken = refreshToken
        self.scope = scope
        self.isScopeComplete = isScopeComplete
        self.idToken = idToken
        self.refreshExpiresIn = refreshExpiresIn
        self.authorizationDetails = authorizationDetails
    }
}

extension TokenGrant {
    /// The token type of what no service takes as an access token (RFC 8693 §2.2.1).
    public static let notAnAccessToken = "N_A"

    /// The reason why a reply is not a grant, for the user.
    package struct Rejection: Error, Equatable { package let detail: String }

    /// Far larger than real JWTs, and too large for a header of common servers.
    package static let maximumTokenLength = 64 * 1024

    /// Keeps arithmetic on instants from overflowing.
    private static let maximumLifetime = 10 * 365 * 86_400

    /// The largest scope lists have a few hundred entries.
    package static let maximumScopes = 1_000
    /// The longest are URLs of some 100 characters.
    private static let maximumScopeLength = 256

    /// Reads the member names of RFC 6749 and their camelCase (AWS, plentymarkets).
    package init(_ fields: ReplyFields) throws(Rejection) {
        defer { DeadStack.clear() }
        let access: JSONValue?
        let type: JSONValue?
        let refresh: JSONValue
        let id: JSONValue?
        do throws(ReplyFields.Ambiguity) {
            access = try fields.single("access_token", "accessToken")
            type = try fields.single("token_type", "tokenType")
            refresh = try fields.single("refresh_token", "refreshToken") ?? .string("")
            id = try fields.single("id_token", "idToken")
        } catch {
            throw Rejection(detail: error.description)
        }
        guard access != nil else { throw Rejection(detail: "the reply holds no access token") }
        // Sent in a header, so one visible word (RFC 6750 §2.1). Not a number: that would have lost digits.
        guard let accessToken = Self.secret(access, allowing: \.isVisible) else {
            throw Rejection(detail: "the access token is malformed")
        }
        // Hugging Face and Baidu omit the type, and mean Bearer.
        guard type == nil || type?.text?.lowercased() == "bearer" else {
            throw Rejection(detail: "the server issues a token of a type other than Bearer")
        }
        // RFC 6749 appendix A.17: printable ASCII including the space.
        let refreshToken = Self.secret(refresh) { $0.isVisible || $0 == 0x20 }
        guard refreshToken != nil || refresh == .string("") else {
            throw Rejection(detail: "the refresh token is malformed")
        }
        // Bitbucket uses `scopes`.
        let named = fields.words("scope", "scopes")
        let scope = named.map { Self.scopes($0) }
        self.init(
            accessToken: accessToken,
            expiresIn: fields.seconds("expires_in", "expiresIn", atMost: Self.maximumLifetime),
            refreshToken: refreshToken,
            scope: scope,
            idToken: Self.secret(id, allowing: \.isVisible),
            // Keycloak, where 0 means never; GitHub and Google.
            refreshExpiresIn: fields.seconds(
                "refresh_expires_in", "refresh_token_expires_in", "refreshExpiresIn", "refreshTokenExpiresIn",
                atMost: Self.maximumLifetime
            ),
            isScopeComplete: scope?.count == named?.count && fields.agreeOnWords("scope", "scopes"),
            authorizationDetails: AuthorizationDetails(granted: fields["authorization_details"])
        )
        // Some servers send an empty list or text where there are none.
        let isEmpty = [nil, .array([]), .string("")].contains(fields["authorization_details"])
        areDetailsUnreadable = authorizationDetails == nil && !isEmpty
    }

    /// Returns the words that are valid scopes (RFC 6749 appendix A.4).
    package static func scopes(_ words: [String], atMost count: Int = maximumScopes) -> [String] {
        Array(
            words.lazy.filter { (1...maximumScopeLength).contains($0.utf8.count) && $0.utf8.allSatisfy(\.isVisible) }
                .prefix(count))
    }

    /// Whether the text is a valid token for a header (RFC 6750 §2.1).
    package static func isAccessToken(_ text: String) -> Bool {
        (1...maximumTokenLength).contains(text.utf8.count) && text.utf8.allSatisfy(\.isVisible)
    }

    /// Returns a member as a secret if it is non-empty text within bounds and of allowed bytes.
    static func secret(_ value: JSONValue?, allowing isAllowed: (UInt8) -> Bool) -> SecretBytes? {
        guard case .string(let text)? = value, (1...maximumTokenLength).contains(text.utf8.count),
            text.utf8.allSatisfy(isAllowed)
        else { return nil }
        return SecretBytes(text)
    }
}
