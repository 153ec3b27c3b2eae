/// The body of `POST /v1/accounts/{account}/token/rejected`; an empty body is one without members.
public struct TokenRejection: Codable, Equatable, Sendable {
    /// The SHA-256 digest of the refused token in hexadecimal digits; `nil` for the agent's current token.
    public var tokenSHA256: String?
    /// Separated by spaces. With `resources`, `audience` and details, it selects the refused one of the account's tokens.
    public var scope: String?
    /// In JSON, an array or a single string.
    public var resources: [String]
    public var audience: String?
    /// A JSON array of objects (RFC 9396 §2), as the token was requested with.
    public var authorizationDetails: String?
    /// The values of the refusal's fields `WWW-Authenticate` (RFC 9110 §11.6.1), joined by commas; 16 KiB at most.
    public var wwwAuthenticate: String?
    /// If the refused token came by a request with `acr`: the same list, separated by spaces.
    public var acr: String?

    public init(
        tokenSHA256: String? = nil, scope: String? = nil, resources: [String] = [], audience: String? = nil,
        authorizationDetails: String? = nil, wwwAuthenticate: String? = nil, acr: String? = nil
    ) {
        self.tokenSHA256 = tokenSHA256
        self.scope = scope
        self.resources = resources
        self.audience = audience
        self.authorizationDetails = authorizationDetails
        self.wwwAuthenticate = wwwAuthenticate
        self.acr = acr
    }

    /// Reports the token that a request with this target gets.
    public init(of target: TokenTarget?, tokenSHA256: String? = nil) {
        let scopes = target?.scopes ?? []
        self.init(
            tokenSHA256: tokenSHA256, scope: scopes.isEmpty ? nil : scopes.joined(separator: " "),
            resources: target?.resources ?? [], audience: target?.audience,
            authorizationDetails: target?.authorizationDetails)
    }

    /// Returns the target; `nil` for the login's own token.
    public func target() throws(TokenTarget.Invalid) -> TokenTarget? {
        let scopes = scope?.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        return try TokenTarget(
            scopes: scopes ?? [], resources: resources, audience: audience, authorizationDetails: authorizationDetails)
    }

    /// The 32 bytes of `tokenSHA256`; `nil` if it is not 64 hexadecimal digits.
    public var digest: [UInt8]? {
        let digits = (tokenSHA256 ?? "").utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).reduce(into: [UInt8]?.some([])) { bytes, place in
            guard let high = digits[place], let low = digits[place + 1] else { return bytes = nil }
            bytes?.append(UInt8(high << 4 | low))
        }
    }

    enum CodingKeys: String, CodingKey {
        case tokenSHA256 = "token_sha256"
        case scope, audience, acr
        case resources = "resource"
        case authorizationDetails = "authorization_details"
        case wwwAuthenticate = "www_authenticate"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        tokenSHA256 = try container.decodeIfPresent(String.self, forKey: .tokenSHA256)
        scope = try container.decodeIfPresent(String.self, forKey: .scope)
        audience = try container.decodeIfPresent(String.self, forKey: .audience)
        authorizationDetails = try container.decodeIfPresent(String.self, forKey: .authorizationDetails)
        wwwAuthenticate = try container.decodeIfPresent(String.self, forKey: .wwwAuthenticate)
        acr = try container.decodeIfPresent(String.self, forKey: .acr)
        if let one = try? container.decodeIfPresent(String.self, forKey: .resources) {
            resources = [one]
        } else {
            resources = try container.decodeIfPresent([String].self, forKey: .resources) ?? []
        }
    }
}

/// The reply of `POST /v1/accounts/{account}/token/rejected`.
public struct TokenRejectionReply: Codable, Equatable, Sendable {
    public enum Result: String, Codable, CaseIterable, Sendable {
        case renewed, kept
        /// Only another login helps, with `command`.
        case stepUp = "step_up"
    }

    public var account: AccountName
    public var result: Result
    /// With `kept`: `another_token`, `renewed_lately`, `same_token`, or `elevated` if another login of the account
    /// satisfies the challenge. With `step_up`: the error of the challenge.
    public var reason: String?
    /// The reason as a text for the user.
    public var note: String?
    /// The login command that satisfies the challenge, on one line for a shell. Absent for a caller that may not know
    /// the login's scopes. With `kept`, it is for the case that the service goes on refusing.
    public var command: String?
    /// The `acr` to request the token with from now on; absent if the request need not name one.
    public var acr: String?
    /// The scopes to request the token with from now on, separated by spaces; absent if those of the request suffice.
    public var scope: String?

    public init(
        account: AccountName, result: Result, reason: String? = nil, note: String? = nil, command: String? = nil,
        acr: String? = nil, scope: String? = nil
    ) {
        self.account = account
        self.result = result
        self.reason = reason
        self.note = note
        self.command = command
        self.acr = acr
        self.scope = scope
    }
}
