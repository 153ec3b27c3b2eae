import Synchronization

/// How the issuer answers the grants without a person.
extension DemoIssuer {
    public enum MachineGrant: String, CaseIterable, Sendable {
        case clientCredentials = "client_credentials"
        case jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        case tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    }

    /// RFC 6749 §4.4, RFC 7523 §2.1 and RFC 8693.
    public struct MachineRules: Sendable {
        public var grants = Set(MachineGrant.allCases)
        /// The scopes that can be requested; `nil`: any.
        public var scopes: Set<String>?
        /// Whether only clients may exchange tokens.
        public var needsClient = true
        /// The targets of an exchange, as `audience` or `resource`; `nil`: any.
        public var targets: Set<String>?
        /// The key sets (RFC 7517 §5) of those whose assertions count, by their `iss`. Its own always count.
        public var assertionIssuers: [String: String] = [:]
        /// The audiences of assertions; `nil`: this issuer and its token endpoint.
        public var assertionAudiences: Set<String>?
        /// The longest lifetime of an assertion, in seconds.
        public var longestAssertion = 3600
        /// Issuers whose JWTs prove that a client is who it is, as those of a cluster or a cloud.
        public var federations: [Federation] = []
        /// How far the clock of an assertion may be ahead, in seconds.
        public var clockSkew = 30
        /// How far this issuer's own clock is behind, in seconds.
        public var clockDelay = 0
        /// Whether access tokens are JWTs (RFC 9068).
        public var hasWebTokens = false
        public var reply = MachineReply()
        /// The error with which each request is answered.
        public var error: String?
        public var errorDescription: String?

        public init() {}
    }

    /// Members of a token reply that can be wrong.
    public struct MachineReply: Sendable {
        public var issuedTokenType = ReplyValue.right
        public var tokenType = ReplyValue.right
        public var scope = ReplyValue.right
        public var hasLifetime = true
        /// Whether a refresh token comes with it, which RFC 6749 §4.4.3 and RFC 8693 §2.2.1 advise against.
        public var hasRefreshToken = false

        public init() {}
    }

    /// A trusted issuer of client assertions, and the client that one of its subjects is.
    public struct Federation: Sendable {
        public var issuer: String
        public var subject: String
        public var audience: String
        public var client: String
        /// RFC 7517 §5.
        public var keySet: String

        public init(issuer: String, subject: String, audience: String, client: String, keySet: String) {
            self.issuer = issuer
            self.subject = subject
            self.audience = audience
            self.client = client
            self.keySet = keySet
        }
    }

    public func changeMachines(_ change: (inout MachineRules) -> Void) {
        state.withLock { state in
            guard var rules = state.machines else { return }
            change(&rules)
            state.machines = rules
        }
    }

    /// How many requests of a grant there were, answered or not.
    public func count(_ grant: MachineGrant) -> Int { log.count { $0.form["grant_type"] == grant.rawValue } }

    /// The access tokens that a client has revoked.
    public var revokedTokens: Set<String> { state.withLock { $0.revokedTokens } }
}
