/// The body of `POST /v1/accounts/{account}/inspect` and of `POST /v1/inspect`.
public struct InspectRequest: Codable, Equatable, Sendable {
    /// The token to inspect; absent for the account's own tokens.
    public var token: String?
    /// Whether to introspect a JWT at the provider too (RFC 7662). Opaque tokens are always introspected.
    public var introspect: Bool?

    public init(token: String? = nil, introspect: Bool? = nil) {
        self.token = token
        self.introspect = introspect
    }
}

/// The result of an inspection. Foreign texts are cleaned for a terminal; the tokens themselves are not included.
public struct InspectReply: Codable, Equatable, Sendable {
    /// The account whose tokens these are, or whose provider was queried; absent if there is none.
    public var account: AccountName?
    public var tokens: [TokenInspection]

    public init(account: AccountName?, tokens: [TokenInspection]) {
        self.account = account
        self.tokens = tokens
    }
}

public struct TokenInspection: Codable, Equatable, Sendable {
    public var role: Role
    public var form: Form
    /// The header of a JWT; header and claims are absent if they are not readable.
    public var header: JSONContent?
    public var claims: JSONContent?
    /// For a JWT.
    public var signature: SignatureReport?
    /// Absent if no introspection was requested.
    public var introspection: IntrospectionReport?
    /// The expiry of the agent's own token, in seconds since 1970.
    public var expiresAt: Int?
    public var scope: String?

    public enum Role: String, Codable, CaseIterable, Sendable {
        case accessToken = "access_token"
        case idToken = "id_token"
        /// The token of the request.
        case given
    }

    public enum Form: String, Codable, CaseIterable, Sendable {
        case jwt
        /// A JWT that only its receiver can read (RFC 7516).
        case encrypted
        case opaque
    }

    public init(role: Role, form: Form) {
        self.role = role
        self.form = form
    }

    enum CodingKeys: String, CodingKey {
        case role, form, header, claims, signature, introspection
        case expiresAt = "expires_at"
        case scope
    }
}

public struct SignatureReport: Codable, Equatable, Sendable {
    public var state: State
    /// The issuer whose keys were used.
    public var issuer: String?
    public var algorithm: String?
    public var keyID: String?
    /// The reason why the signature is invalid or was not checked.
    public var detail: String?

    public enum State: String, Codable, CaseIterable, Sendable {
        case valid, invalid
        /// The token was only decoded: no known account has its issuer.
        case unchecked
        /// The issuer's keys cannot be fetched now.
        case unreachable
    }

    public init(
        _ state: State, issuer: String? = nil, algorithm: String? = nil, keyID: String? = nil, detail: String? = nil
    ) {
        self.state = state
        self.issuer = issuer
        self.algorithm = algorithm
        self.keyID = keyID
        self.detail = detail
    }

    enum CodingKeys: String, CodingKey {
        case state, issuer, algorithm
        case keyID = "kid"
        case detail
    }
}

/// The result of a token introspection (RFC 7662).
public struct IntrospectionReport: Codable, Equatable, Sendable {
    public var state: State
    /// The provider's reply.
    public var members: JSONContent?
    /// The reason for the missing reply.
    public var detail: String?

    public enum State: String, Codable, CaseIterable, Sendable {
        case active, inactive
        /// The provider has no introspection endpoint, or does not permit this client to use it.
        case unavailable
        case unreachable
        /// The token was not sent, because it may not be this provider's.
        case notAsked = "not_asked"
    }

    public init(_ state: State, members: JSONContent? = nil, detail: String? = nil) {
        self.state = state
        self.members = members
        self.detail = detail
    }
}
