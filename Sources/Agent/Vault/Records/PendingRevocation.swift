public import AgentAPI
internal import FoundationEssentials
public import SecretMemory

/// A login, or a client, that is over here but not yet at the provider. It is kept in the account's store until the provider has
/// answered, so that a restart does not forget to revoke.
public struct PendingRevocation: Sendable, Equatable {
    public let account: AccountName
    /// Tells several of one account apart.
    public let id: String
    public var issuer: String
    /// The revocation endpoint (RFC 7009 §2); nil when the issuer has yet to be asked where it is.
    public var endpoint: String?
    /// Where the issuer may lead then, as in `Credential`.
    public var endpointHosts: Set<String>?
    /// The one to take where the issuer has no metadata.
    public var knownEndpoint: String?
    /// `token` manages the client's registration at `endpoint`, which is to be deleted (RFC 7592 §2.3).
    public var deletesClient: Bool
    public var clientID: String
    public var clientSecret: SecretBytes?
    /// Nil: to be chosen from the issuer's metadata.
    public var clientAuthentication: String?
    public var token: SecretBytes
    public var isRefreshToken: Bool
    /// Wall-clock seconds since 1970.
    public var since: Int
    /// Paths of the files that prove who the client is, if any do.
    public var clientKeyFile: String?
    public var clientCertificateFile: String?
    /// Whom assertions are for; nil: as the issuer's metadata has it.
    public var assertionAudience: String?

    public init(
        account: AccountName, id: String, issuer: String, endpoint: String?, clientID: String,
        clientSecret: SecretBytes?, clientAuthentication: String?, token: SecretBytes, isRefreshToken: Bool, since: Int,
        endpointHosts: Set<String>? = nil,
        clientKeyFile: String? = nil, clientCertificateFile: String? = nil, assertionAudience: String? = nil,
        knownEndpoint: String? = nil, deletesClient: Bool = false
    ) {
        self.account = account
        self.id = id
        self.issuer = issuer
        self.endpoint = endpoint
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.clientAuthentication = clientAuthentication
        self.token = token
        self.isRefreshToken = isRefreshToken
        self.since = since
        self.endpointHosts = endpointHosts
        self.clientKeyFile = clientKeyFile
        self.clientCertificateFile = clientCertificateFile
        self.assertionAudience = assertionAudience
        self.knownEndpoint = knownEndpoint
        self.deletesClient = deletesClient
    }

    public var key: RecordKey { RecordKey(account: account, purpose: .revocation(id)) }

    /// As with `Credential.record`, the codec's plain copies live no longer than this call.
    public var record: StoredRecord {
        let fields = Fields(
            version: 1,
            account: account,
            issuer: issuer,
            endpoint: endpoint,
            clientID: clientID,
            clientSecret: clientSecret?.revealedText(),
            clientAuthentication: clientAuthentication,
            token: token.revealedText(),
            isRefreshToken: isRefreshToken,
            since: since,
            endpointHosts: endpointHosts?.sorted(),
            clientKeyFile: clientKeyFile,
            clientCertificateFile: clientCertificateFile,
            assertionAudience: assertionAudience,
            knownEndpoint: knownEndpoint,
            deletesClient: deletesClient ? true : nil
        )
        return StoredRecord(key: key, issuer: issuer, secret: SecretBytes(json: fields))
    }

    /// Nil for a record that is something else, or that this version cannot read.
    public init?(_ stored: StoredRecord) {
        guard case .revocation(let id) = stored.key.purpose,
            let fields = stored.secret.json(Fields.self),
            fields.version == 1, fields.account == stored.key.account, RecordTime.range.contains(fields.since)
        else { return nil }
        self.init(
            account: fields.account,
            id: id,
            issuer: fields.issuer,
            endpoint: fields.endpoint,
            clientID: fields.clientID,
            clientSecret: fields.clientSecret.map { SecretBytes($0) },
            clientAuthentication: fields.clientAuthentication,
            token: SecretBytes(fields.token),
            isRefreshToken: fields.isRefreshToken,
            since: fields.since,
            endpointHosts: fields.endpointHosts.map { Set($0) },
            clientKeyFile: fields.clientKeyFile,
            clientCertificateFile: fields.clientCertificateFile,
            assertionAudience: fields.assertionAudience,
            knownEndpoint: fields.knownEndpoint,
            deletesClient: fields.deletesClient ?? false
        )
    }

    private struct Fields: Codable {
        var version: Int
        var account: AccountName
        var issuer: String
        var endpoint: String?
        var clientID: String
        var clientSecret: String?
        var clientAuthentication: String?
        var token: String
        var isRefreshToken: Bool
        var since: Int
        /// Absent in records that an older agent wrote, like all that follow.
        var endpointHosts: [String]?
        var clientKeyFile: String?
        var clientCertificateFile: String?
        var assertionAudience: String?
        var knownEndpoint: String?
        var deletesClient: Bool?

        enum CodingKeys: String, CodingKey {
            case version, account, issuer, endpoint
            case clientID = "client_id"
            case clientSecret = "client_secret"
            case clientAuthentication = "client_auth"
            case token
            case isRefreshToken = "is_refresh_token"
            case since
            case endpointHosts = "endpoint_hosts"
            case clientKeyFile = "client_key_file"
            case clientCertificateFile = "client_certificate_file"
            case assertionAudience = "assertion_audience"
            case knownEndpoint = "known_endpoint"
            case deletesClient = "deletes_client"
        }
    }
}
