internal import Formats
public import SecretMemory

/// A client as the provider registered it, which may differ from the request (RFC 7591 §3.2.1).
public struct RegisteredClient: Sendable, Equatable {
    public var id: String
    public var secret: SecretBytes?
    /// `nil` if the provider does not report it.
    public var authentication: ClientAuthentication?
    /// Seconds since 1970; `nil` if the secret does not expire or does not exist.
    public var secretExpiresAt: Int?
    /// `nil` if the client cannot delete its registration.
    public var management: ClientManagement?
    /// `nil` if the provider does not report them: as requested.
    public var grantTypes: [String]?
    /// `nil` if the provider does not report them: as requested.
    public var redirectURIs: [String]?

    public init(
        id: String, secret: SecretBytes? = nil, authentication: ClientAuthentication? = nil,
        secretExpiresAt: Int? = nil, management: ClientManagement? = nil, grantTypes: [String]? = nil,
        redirectURIs: [String]? = nil
    ) {
        self.id = id
        self.secret = secret
        self.authentication = authentication
        self.secretExpiresAt = secretExpiresAt
        self.management = management
        self.grantTypes = grantTypes
        self.redirectURIs = redirectURIs
    }
}

/// The URL and token to delete a registration (RFC 7592 §3).
public struct ClientManagement: Sendable, Equatable {
    public var url: EndpointURL
    public var token: SecretBytes

    public init(url: EndpointURL, token: SecretBytes) {
        self.url = url
        self.token = token
    }
}

extension RegisteredClient {
    /// The reason why a registration is unusable.
    package enum Unusable: Error, Equatable {
        case noGrant(RegistrationGrant)
        /// For the code grant, but with other redirect URIs than the requested one.
        case otherRedirectURIs
        /// The provider requires an authentication method that the client does not support.
        case authentication(ClientAuthentication?)

        package var failure: RegistrationFailure {
            switch self {
            case .noGrant(.device):
                .noDeviceGrant(detail: "the provider registers no client for the device authorization grant")
            case .noGrant(let grant): .noGrant(detail: "the provider registers no client for the \(grant.title)")
            case .otherRedirectURIs:
                .noGrant(detail: "the provider registers the client with another redirect URI than the requested one")
            case .authentication(let method):
                // Shows only a known word: the server may echo the initial access token instead.
                .refused(
                    detail: "the provider registers only clients that use "
                        + (method.map { "'\($0.rawValue)'" } ?? "an unknown authentication method"),
                    status: nil)
            }
        }
    }

    /// Reads the members of a reply by the names of RFC 7591 or in AWS's camelCase. `origins` are those allowed for the
    /// client's management URL.
    package init(_ fields: ReplyFields, origins: [String]) throws(RegistrationFailure) {
        let (id, secret): (String?, JSONValue?)
        do throws(ReplyFields.Ambiguity) {
            id = try fields.single("client_id", "clientId")?.text
            secret = try fields.single("client_secret", "clientSecret")
        } catch {
            throw .badResponse(detail: error.description)
        }
        guard let id else { throw .badResponse(detail: "the reply holds no client id") }
        guard (1...1024).contains(id.utf8.count), id.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw .badResponse(detail: "the client id is malformed")
        }
        self.init(id: id)
        if let secret, secret != .string("") {
            // RFC 6749 appendix A.2.
            guard let secret = TokenGrant.secret(secret, allowing: { (0x20...0x7E).contains($0) }) else {
                throw .badResponse(detail: "the client secret is malformed")
            }
            self.secret = secret
        }
        // 0 means never; the maximum is the year 9999.
        secretExpiresAt =
            self.secret == nil
            ? nil : fields.seconds("client_secret_expires_at", "clientSecretExpiresAt", atMost: 253_402_300_799)
        if let token = TokenGrant.secret(fields["registration_access_token"], allowing: \.isVisible),
            let text = fields.string("registration_client_uri"), let url = try? EndpointURL(parsing: text),
            // The management token goes only to the server that issued it.
            origins.contains(url.origin)
        {
            management = ClientManagement(url: url, token: token)
        }
    }

    /// Checks that the client has the grant and an authentication method it supports, and adopts that method.
    package mutating func settle(_ fields: ReplyFields, for grant: RegistrationGrant = .device) throws(Unusable) {
        // Some frameworks send an empty list for an absent member.
        let types = fields.words("grant_types", "grantTypes").flatMap { $0.isEmpty ? nil : $0 }
        let redirectURIs = fields.list("redirect_uris", "redirectUris").flatMap { $0.isEmpty ? nil : $0 }
        if let types, !grant.isAmong(types) { throw .noGrant(grant) }
        if let redirectURIs, !grant.isCovered(byRedirectURIs: redirectURIs) { throw .otherRedirectURIs }
        self.grantTypes = types
        self.redirectURIs = redirectURIs
        guard let method = fields.text("token_endpoint_auth_method") else { return }
        let known = ClientAuthentication(rawValue: method)
        guard let known, known == .none || known.means == .secret && secret != nil,
            known != .none || !grant.isConfidential
        else {
            throw .authentication(known)
        }
        authentication = known
    }
}
