internal import Formats
public import SecretMemory

/// A successful token response (RFC 6749 §5.1).
public struct TokenGrant: Sendable {
    public var accessToken: SecretBytes
    /// Always `Bearer`: tokens of other types cannot be used (RFC 6749 §7.1).
    public var tokenType: String
    /// Seconds from 1 to 10 years; nil when the server names no life time that makes sense.
    public var expiresIn: Int?
    /// Nil: on refresh, the old one stays in use (RFC 6749 §6).
    public var refreshToken: SecretBytes?
    /// Nil: what was asked for (RFC 6749 §5.1).
    public var scope: [String]?
    /// Whether `scope` is all that the reply says of scopes: false where a part of it is not a scope that can be read, or
    /// two members contradict each other.
    public var isScopeComplete: Bool
    public var idToken: SecretBytes?
    /// Seconds from 1 to 10 years until the refresh token dies; nil when the server does not say, or says never.
    public var refreshExpiresIn: Int?

    public init(
        accessToken: SecretBytes, tokenType: String = "Bearer", expiresIn: Int? = nil,
        refreshToken: SecretBytes? = nil, scope: [String]? = nil, idToken: SecretBytes? = nil,
        refreshExpiresIn: Int? = nil, isScopeComplete: Bool = true
    ) {
        self.accessToken = accessToken
        self.tokenType = tokenType
        self.expiresIn = expiresIn
        self.refreshToken = refreshToken
        self.scope = scope
        self.isScopeComplete = isScopeComplete
        self.idToken = idToken
        self.refreshExpiresIn = refreshExpiresIn
    }
}

extension TokenGrant {
    /// Why a reply is no grant, for people.
    package struct Rejection: Error, Equatable { package let detail: String }

    /// Far more than the largest JWTs; it also fits a header of common servers no longer.
    package static let maximumTokenLength = 64 * 1024

    /// So that no arithmetic on instants can overflow.
    private static let maximumLifetime = 10 * 365 * 86_400

    /// The largest scope lists have a few hundred entries.
    package static let maximumScopes = 1_000
    /// The longest are URLs of some 100 characters.
    private static let maximumScopeLength = 256

    /// Reads the names of RFC 6749 and their camelCase, which AWS and plentymarkets have.
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
        // In a header, so one visible word (RFC 6750 §2.1); only text is a token, a number would have lost digits.
        guard let accessToken = Self.secret(access, allowing: \.isVisible) else {
            throw Rejection(detail: "the access token is malformed")
        }
        // Hugging Face and Baidu leave the type out; whoever does means the one type that everybody issues.
        guard type == nil || type?.text?.lowercased() == "bearer" else {
            throw Rejection(detail: "the server issues a token of a type other than Bearer")
        }
        // RFC 6749 appendix A.17: printable ASCII, the space included.
        let refreshToken = Self.secret(refresh) { $0.isVisible || $0 == 0x20 }
        guard refreshToken != nil || refresh == .string("") else {
            throw Rejection(detail: "the refresh token is malformed")
        }
        // Bitbucket says `scopes`.
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
            isScopeComplete: scope?.count == named?.count && fields.agreeOnWords("scope", "scopes")
        )
    }

    /// Those that a request could name (RFC 6749 appendix A.4).
    package static func scopes(_ words: [String], atMost count: Int = maximumScopes) -> [String] {
        Array(
            words.lazy.filter { (1...maximumScopeLength).contains($0.utf8.count) && $0.utf8.allSatisfy(\.isVisible) }
                .prefix(count))
    }

    /// Whether the text can stand in a header as a token (RFC 6750 §2.1).
    package static func isAccessToken(_ text: String) -> Bool {
        (1...maximumTokenLength).contains(text.utf8.count) && text.utf8.allSatisfy(\.isVisible)
    }

    /// A member as a secret, if it is text, not empty, within bounds and made of allowed bytes only.
    static func secret(_ value: JSONValue?, allowing isAllowed: (UInt8) -> Bool) -> SecretBytes? {
        guard case .string(let text)? = value, (1...maximumTokenLength).contains(text.utf8.count),
            text.utf8.allSatisfy(isAllowed)
        else { return nil }
        return SecretBytes(text)
    }
}
