/// The body of `POST /v1/accounts/{account}/inspect` and of `POST /v1/inspect`.
public struct InspectRequest: Codable, Equatable, Sendable {
    /// Absent: the account's own tokens.
    public var token: String?
    /// Asks the provider about a JWT as well (RFC 7662); about an opaque token it is asked in any case.
    public var introspect: Bool?

    public init(token: String? = nil, introspect: Bool? = nil) {
        self.token = token
        self.introspect = introspect
    }
}

/// What could be found out about tokens. Texts of others are fit for a terminal; the tokens themselves are not in it.
public struct InspectReply: Codable, Equatable, Sendable {
    /// The account whose tokens these are, or whose provider was asked; absent when there is none.
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
    /// Of a JWT, as far as they are readable.
    public var header: JSONContent?
    public var claims: JSONContent?
    /// Of a JWT.
    public var signature: SignatureReport?
    /// Absent when the provider was not asked.
    public var introspection: IntrospectionReport?
    /// Seconds since 1970; what the agent knows of its own token.
    public var expiresAt: Int?
    public var scope: String?

    public enum Role: String, Codable, CaseIterable, Sendable {
        case accessToken = "access_token"
        case idToken = "id_token"
        /// Came with the request.
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
    /// Whose keys it was checked with.
    public var issuer: String?
    public var algorithm: String?
    public var keyID: String?
    /// Why it is invalid, or why it was not checked.
    public var detail: String?

    public enum State: String, Codable, CaseIterable, Sendable {
        case valid, invalid
        /// The token was only decoded: no known account has its issuer.
        case unchecked
        /// The issuer's keys cannot be had just now.
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

/// What the provider says about a token (RFC 7662).
public struct IntrospectionReport: Codable, Equatable, Sendable {
    public var state: State
    /// The provider's answer.
    public var members: JSONContent?
    /// Why there is no answer.
    public var detail: String?

    public enum State: String, Codable, CaseIterable, Sendable {
        case active, inactive
        /// There is nobody to ask, or the provider does not let this client ask.
        case unavailable
        case unreachable
        /// The token was not sent: it is not known to be this provider's.
        case notAsked = "not_asked"
    }

    public init(_ state: State, members: JSONContent? = nil, detail: String? = nil) {
        self.state = state
        self.members = members
        self.detail = detail
    }
}
