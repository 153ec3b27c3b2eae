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
    public var idToken: SecretBytes?

    public init(
        accessToken: SecretBytes, tokenType: String = "Bearer", expiresIn: Int? = nil,
        refreshToken: SecretBytes? = nil, scope: [String]? = nil, idToken: SecretBytes? = nil
    ) {
        self.accessToken = accessToken
        self.tokenType = tokenType
        self.expiresIn = expiresIn
        self.refreshToken = refreshToken
        self.scope = scope
        self.idToken = idToken
    }
}

extension TokenGrant {
    /// Why a reply is no grant, for people.
    package struct Rejection: Error, Equatable { package let detail: String }

    /// Far more than the largest JWTs; it also fits a header of common servers no longer.
    package static let maximumTokenLength = 64 * 1024

    /// So that no arithmetic on instants can overflow.
    private static let maximumLifetime = 10 * 365 * 86_400

    package init(_ fields: ReplyFields) throws(Rejection) {
        guard fields["access_token"] != nil else { throw Rejection(detail: "the reply holds no access token") }
        // In a header, so one visible word (RFC 6750 §2.1); only text is a token, a number would have lost digits.
        guard let accessToken = Self.secret(fields["access_token"], allowing: \.isVisible) else {
            throw Rejection(detail: "the access token is malformed")
        }
        // Hugging Face and Baidu leave the type out; whoever does means the one type that everybody issues.
        let type = fields["token_type"]
        guard type == nil || fields.text("token_type")?.lowercased() == "bearer" else {
            throw Rejection(detail: "the server issues a token of a type other than Bearer")
        }
        let refreshToken = fields["refresh_token"] ?? .string("")
        // RFC 6749 appendix A.17: printable ASCII, the space included.
        let newRefreshToken = Self.secret(refreshToken) { $0.isVisible || $0 == 0x20 }
        guard newRefreshToken != nil || refreshToken == .string("") else {
            throw Rejection(detail: "the refresh token is malformed")
        }
        self.init(
            accessToken: accessToken,
            expiresIn: fields.seconds("expires_in", atMost: Self.maximumLifetime),
            refreshToken: newRefreshToken,
            scope: fields.words("scope")?.filter { !$0.isEmpty && $0.utf8.allSatisfy(\.isVisible) },
            idToken: Self.secret(fields["id_token"], allowing: \.isVisible)
        )
    }

    /// A member as a secret, if it is text, not empty, within bounds and made of allowed bytes only.
    static func secret(_ value: JSONValue?, allowing isAllowed: (UInt8) -> Bool) -> SecretBytes? {
        guard case .string(let text)? = value, (1...maximumTokenLength).contains(text.utf8.count),
            text.utf8.allSatisfy(isAllowed)
        else { return nil }
        return SecretBytes(text)
    }
}
