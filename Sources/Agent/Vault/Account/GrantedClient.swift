public import OAuth
public import SecretMemory

extension AccountVault {
    /// The client that a login was granted to.
    public struct GrantedClient: Sendable {
        public var issuer: String
        public var id: String
        public var secret: SecretBytes?
        /// `nil` for a client that a person has registered.
        public var registration: Registration?
        /// Where the login's secrets may go, as far as the provider decides that; `nil` before the first login, or for an
        /// older agent stored it.
        public var endpointHosts: Set<String>?
        /// As in `Credential`.
        public var authentication: ClientAuthentication?

        public init(
            issuer: String, id: String, secret: SecretBytes?, registration: Registration? = nil,
            endpointHosts: Set<String>? = nil, authentication: ClientAuthentication? = nil
        ) {
            self.issuer = issuer
            self.id = id
            self.secret = secret
            self.registration = registration
            self.endpointHosts = endpointHosts
            self.authentication = authentication
        }
    }

    /// The person of a login, as far as it could be verified.
    public struct GrantedIdentity: Sendable {
        public var identity: Identity?
        public var idToken: HeldIDToken?
        /// Why there is no ID token.
        public var missing: NoIDToken?

        public init(identity: Identity? = nil, idToken: HeldIDToken? = nil, missing: NoIDToken? = .notIssued) {
            self.identity = identity
            self.idToken = idToken
            self.missing = missing
        }
    }
}

extension Credential {
    /// The client without what was granted to it.
    public var client: AccountVault.GrantedClient {
        AccountVault.GrantedClient(
            issuer: issuer, id: clientID, secret: clientSecret, registration: registration,
            endpointHosts: endpointHosts, authentication: clientAuthentication
        )
    }
}
