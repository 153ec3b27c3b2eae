public import AgentAPI
internal import FoundationEssentials
public import SecretMemory

/// A login, or a client, that has ended here but not yet at the provider.
///
/// Kept in the account's store until the provider has answered, so that a restart does not forget to revoke.
public struct PendingRevocation: Sendable, Equatable {
    public let account: AccountName
    /// Distinguishes several of one account.
    public let id: String
    public var issuer: String
    /// The revocation endpoint (RFC 7009 §2); `nil` if it is yet to be discovered from the issuer.
    public var endpoint: String?
    /// The hosts that discovery may lead to, as in `Credential`.
    public var endpointHosts: Set<String>?
    /// The endpoint to use if the issuer has no metadata.
    public var knownEndpoint: String?
    /// Whether to delete the client's registration at `endpoint`, which `token` manages (RFC 7592 §2.3).
    public var deletesClient: Bool
    public var clientID: String
    public var clientSecret: SecretBytes?
    /// `nil` if it is to be chosen from the issuer's metadata.
    public var clientAuthentication: String?
    public var token: SecretBytes
    public var isRefreshToken: Bool
    /// Wall-clock seconds since 1970.
    public var since: Int
    /// The paths of the files that authenticate the client, if there are any.
    public var clientKeyFile: String?
    public var clientCertificateFile: String?
    public var clientAssertionFile: String?
    /// The audience of client assertions; `nil` if the issuer's metadata decides.
    public var assertionAudience: String?

    public init(
        account: AccountName, id: String, issuer: String, endpoint: String?, clientID: String,
        clientSecret: SecretBytes?, clientAuthentication: String?, token: SecretBytes, isRefreshToken: Bool, since: Int,
        endpointHosts: Set<String>? = nil,
        clientKeyFile: String? = nil, clientCertificateFile: String? = nil, clientAssertionFile: String? = nil,
        assertionAudience: String? = nil, knownEndpoint: String? = nil, deletesClient: Bool = false
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
        self.clientAssertionFile = clientAssertionFile
        self.assertionAudience = assertionAudience
        self.knownEndpoint = knownEndpoint
        self.deletesClient = deletesClient
    }

    public var key: RecordKey { RecordKey(account: account, purpose: .revocation(id)) }

    /// The record for the store. As with `Credential.record`, the codec's plain copies live no longer than this call.
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
            clientAssertionFile: clientAssertionFile,
            assertionAudience: assertionAudience,
            knownEndpoint: knownEndpoint,
            deletesClient: deletesClient ? true : nil
        )
        return StoredRecord(key: key, issuer: issuer, secret: SecretBytes(json: fields))
    }

    /// Reads a record; `nil` if it is of another kind, or of a version that cannot be read.
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
            clientAssertionFile: fields.clientAssertionFile,
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
        var clientAssertionFile: String?
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
            case clientAssertionFile = "client_assertion_file"
            case assertionAudience = "assertion_audience"
            case knownEndpoint = "known_endpoint"
            case deletesClient = "deletes_client"
        }
    }
}
