internal import AgentAPI
internal import FoundationEssentials
internal import OAuth
internal import SecretMemory

/// The stored form of a credential: one JSON object per account with a version, so that an update is one atomic write,
/// and a later agent can read what this one wrote.
extension Credential {
    package static let recordVersion = 1
    /// The largest that is read: more than a login reaches that starts below `largestAdopted`.
    package static let largestGeneration: UInt64 = 1 << 62
    /// No login continues from a larger one, which only an edited record has: a later record could not be read any more,
    /// and its refresh token would be spent.
    package static let largestAdopted: UInt64 = 1 << 61

    /// More than an account file can name, so that what was written is read back.
    private static let mostScopes = 32_768

    /// The record for the store. The codec's plain copies of the secrets live no longer than this call.
    package var record: StoredRecord {
        let fields = RecordFields(
            version: Self.recordVersion,
            account: account,
            generation: generation,
            issuer: issuer,
            clientID: clientID,
            clientSecret: clientSecret?.revealedText(),
            refreshToken: refreshToken?.revealedText(),
            accessToken: lastingAccessToken?.revealedText(),
            scope: scope,
            grantedAt: grantedAt,
            identity: identity.map(IdentityFields.init),
            registration: registration.map(RegistrationFields.init),
            refreshExpiresAt: expiry?.at,
            refreshLifetime: expiry?.lifetime,
            journalKey: journalKey.map { Data($0.revealed()).base64EncodedString() },
            endpointHosts: endpointHosts?.sorted(),
            end: end?.rawValue,
            scopeNamed: isScopeNamed ? true : nil,
            clientAuthentication: clientAuthentication?.rawValue,
            lostScope: lostScope.isEmpty ? nil : lostScope,
            detailTypes: detailTypes == [] ? nil : detailTypes,
            detailsUnknown: detailTypes == nil ? true : nil
        )
        return StoredRecord(
            key: RecordKey(account: account, purpose: .login),
            issuer: issuer,
            secret: SecretBytes(json: fields)
        )
    }

    /// Reads a record; `nil` if this version cannot read it, or it names another account than its key.
    package init?(_ stored: StoredRecord) {
        guard let fields = stored.secret.json(RecordFields.self),
            fields.version == Self.recordVersion, fields.account == stored.key.account,
            // Other programs can write to the store: arithmetic on numbers out of range would crash the agent.
            fields.generation < Self.largestGeneration, RecordTime.range.contains(fields.grantedAt),
            fields.accessToken.map(TokenGrant.isAccessToken) ?? true
        else { return nil }
        let scope = TokenGrant.scopes(fields.scope, atMost: Self.mostScopes)
        self.init(
            account: fields.account,
            generation: fields.generation,
            issuer: fields.issuer,
            clientID: fields.clientID,
            clientSecret: fields.clientSecret.map { SecretBytes($0) },
            refreshToken: fields.refreshToken.map { SecretBytes($0) },
            lastingAccessToken: fields.accessToken.map { SecretBytes($0) },
            scope: scope,
            grantedAt: fields.grantedAt,
            identity: fields.identity?.identity,
            registration: fields.registration?.registration,
            expiry: fields.expiry,
            journalKey: fields.journalKey.flatMap { Data(base64Encoded: $0) }.map { SecretBytes($0) },
            endpointHosts: fields.endpointHosts.map { Set($0) },
            end: fields.end.flatMap(LoginRequiredReason.init),
            isScopeNamed: fields.scopeNamed == true && scope.count == fields.scope.count,
            clientAuthentication: fields.clientAuthentication.flatMap(ClientAuthentication.init),
            lostScope: TokenGrant.scopes(fields.lostScope ?? [], atMost: Self.mostScopes),
            detailTypes: fields.detailsUnknown == true ? nil : fields.detailTypes ?? []
        )
    }
}

/// The times that a record may name, in seconds since 1970: up to the year 9999.
enum RecordTime {
    static let range = 0...253_402_300_799
}

private struct RecordFields: Codable {
    var version: Int
    var account: AccountName
    var generation: UInt64
    var issuer: String
    var clientID: String
    var clientSecret: String?
    var refreshToken: String?
    var accessToken: String?
    var scope: [String]
    var grantedAt: Int
    /// Absent in records of older agents, like all that follow.
    var identity: IdentityFields?
    var registration: RegistrationFields?
    /// Absent also if the provider names no expiry.
    var refreshExpiresAt: Int?
    var refreshLifetime: Int?
    /// In base64.
    var journalKey: String?
    var endpointHosts: [String]?
    /// Absent also while the login lives.
    var end: String?
    /// Absent also unless the provider named the scopes.
    var scopeNamed: Bool?
    /// Absent also if the usual method to authenticate works.
    var clientAuthentication: String?
    /// Absent also while the provider grants what it did.
    var lostScope: [String]?
    /// Absent also without authorization details.
    var detailTypes: [String]?
    /// Absent also unless the details of the login cannot be read.
    var detailsUnknown: Bool?

    /// A time out of range must not cost the login: it is read as none.
    var expiry: LoginExpiry? {
        guard let refreshExpiresAt, RecordTime.range.contains(refreshExpiresAt) else { return nil }
        let lifetime = refreshLifetime.flatMap { RecordTime.range.contains($0) ? $0 : nil }
        return LoginExpiry(at: refreshExpiresAt, lifetime: lifetime ?? 0)
    }

    enum CodingKeys: String, CodingKey {
        case version, account, generation, issuer
        case clientID = "client_id"
        case clientSecret = "client_secret"
        case refreshToken = "refresh_token"
        case accessToken = "access_token"
        case scope
        case grantedAt = "granted_at"
        case identity, registration
        case refreshExpiresAt = "refresh_expires_at"
        case refreshLifetime = "refresh_lifetime"
        case journalKey = "journal_key"
        case endpointHosts = "endpoint_hosts"
        case end
        case scopeNamed = "scope_named"
        case clientAuthentication = "client_auth"
        case lostScope = "lost_scope"
        case detailTypes = "authorization_types"
        case detailsUnknown = "authorization_types_unknown"
    }
}

private struct IdentityFields: Codable {
    var issuer: String
    var subject: String
    var audience: [String]
    var email: String?
    var name: String?
    /// Absent in records of older agents, like the next.
    var acr: String?
    var authTime: Int?

    enum CodingKeys: String, CodingKey {
        case issuer, subject, audience, email, name, acr
        case authTime = "auth_time"
    }

    init(_ identity: Identity) {
        issuer = identity.issuer
        subject = identity.subject
        audience = identity.audience
        email = identity.email
        name = identity.name
        acr = identity.authentication.context
        authTime = identity.authentication.time
    }

    var identity: Identity {
        // What no provider sends must not cost the login: it is read as none.
        let authentication = Identity.Authentication(
            context: acr.flatMap { AuthenticationContexts.isName($0) ? $0 : nil },
            time: authTime.flatMap { RecordTime.range.contains($0) ? $0 : nil })
        return Identity(
            issuer: issuer, subject: subject, audience: audience, email: email, name: name,
            authentication: authentication)
    }
}

private struct RegistrationFields: Codable {
    var authentication: String?
    var secretExpiresAt: Int?
    var clientURI: String?
    var accessToken: String?
    var scopes: [String]?
    /// Absent in records of older agents, like what follows.
    var grantTypes: [String]?
    var redirectURIs: [String]?

    enum CodingKeys: String, CodingKey {
        case scopes
        case grantTypes = "grant_types"
        case redirectURIs = "redirect_uris"
        case authentication = "token_endpoint_auth_method"
        case secretExpiresAt = "client_secret_expires_at"
        case clientURI = "registration_client_uri"
        case accessToken = "registration_access_token"
    }

    init(_ registration: Registration) {
        authentication = registration.authentication?.rawValue
        secretExpiresAt = registration.secretExpiresAt
        clientURI = registration.management?.url.text
        accessToken = registration.management?.token.revealedText()
        scopes = registration.scopes
        grantTypes = registration.grantTypes
        redirectURIs = registration.redirectURIs
    }

    var registration: Registration {
        var management: ClientManagement?
        if let accessToken, let url = clientURI.flatMap({ try? EndpointURL(parsing: $0) }) {
            management = ClientManagement(url: url, token: SecretBytes(accessToken))
        }
        return Registration(
            authentication: authentication.flatMap(ClientAuthentication.init),
            secretExpiresAt: secretExpiresAt.map {
                min(max($0, RecordTime.range.lowerBound), RecordTime.range.upperBound)
            },
            management: management,
            scopes: scopes,
            grantTypes: grantTypes,
            redirectURIs: redirectURIs
        )
    }
}
