public import OAuth

/// What people configure of one account. Holds no secret.
public struct AccountSettings: Equatable, Sendable {
    /// Nil when both endpoints that a login needs are given by hand.
    public let issuer: Issuer?
    public let clientID: String
    public let scopes: [String]
    public let store: StoreKind
    public let deviceEndpoint: EndpointURL?
    public let tokenEndpoint: EndpointURL?
    public let revocationEndpoint: EndpointURL?
    /// Nil: chosen from the provider's metadata.
    public let clientAuthentication: ClientAuthentication?
    /// Absolute path of a file with the client's secret.
    public let clientSecretFile: String?
    /// Refresh at least this often, also when nobody asks, so that an idle refresh token does not die.
    public let keepAlive: Duration?
    /// The only subject whose login is accepted (`sub` of OpenID Connect); nil: whoever approves.
    public let expectedSubject: String?

    /// Why settings make no account.
    public struct Invalid: Error, Equatable, Sendable {
        /// The key in the account file that is to blame.
        public var key: String
        public var problem: String
        public var hint: String
    }

    public init(
        issuer: Issuer?, clientID: String, scopes: [String] = [], store: StoreKind = .keyring,
        deviceEndpoint: EndpointURL? = nil, tokenEndpoint: EndpointURL? = nil,
        revocationEndpoint: EndpointURL? = nil, clientAuthentication: ClientAuthentication? = nil,
        clientSecretFile: String? = nil, keepAlive: Duration? = nil, expectedSubject: String? = nil
    ) throws(Invalid) {
        guard issuer != nil || (deviceEndpoint != nil && tokenEndpoint != nil) else {
            throw Invalid(
                key: "issuer",
                problem: "neither an issuer nor both endpoints are given",
                hint: "give --issuer URL, or both --device-endpoint URL and --token-endpoint URL"
            )
        }
        // RFC 6749 appendix A.1 and A.4: visible characters; a scope is one word of them.
        guard (1...1024).contains(clientID.utf8.count), clientID.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw Invalid(
                key: "client_id", problem: "the client id is empty or holds characters that no id may hold",
                hint: "give the id as the provider shows it"
            )
        }
        for scope in scopes where !Self.isScope(scope) {
            throw Invalid(
                key: "scopes", problem: "'\(DisplayText.clean(scope, limit: 80))' is not one scope",
                hint: "give each scope by itself, without spaces"
            )
        }
        if let clientSecretFile, !clientSecretFile.hasPrefix("/") {
            throw Invalid(
                key: "client_secret_file", problem: "the path is not absolute", hint: "give a path that starts with /"
            )
        }
        if let expectedSubject {
            // OpenID Connect Core 1.0 §2.
            guard (1...255).contains(expectedSubject.utf8.count),
                expectedSubject.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
            else {
                throw Invalid(
                    key: "expected_subject",
                    problem: "this is no subject, which has 1 to 255 printable ASCII characters",
                    hint: "give the subject as 'authagent status ACCOUNT' shows it"
                )
            }
            guard issuer != nil else {
                throw Invalid(
                    key: "expected_subject", problem: "without an issuer nobody can tell who has logged in",
                    hint: "give the issuer as well"
                )
            }
        }
        self.issuer = issuer
        self.clientID = clientID
        self.scopes = scopes
        self.store = store
        self.deviceEndpoint = deviceEndpoint
        self.tokenEndpoint = tokenEndpoint
        self.revocationEndpoint = revocationEndpoint
        self.clientAuthentication = clientAuthentication
        self.clientSecretFile = clientSecretFile
        self.keepAlive = keepAlive
        self.expectedSubject = expectedSubject
    }

    /// What people see as the provider: the issuer, or where the token endpoint is.
    public var providerName: String { issuer?.text ?? tokenEndpoint?.origin ?? "" }

    private static func isScope(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
    }
}

/// Where an account's credential is kept. Chosen at login and never switched silently.
public enum StoreKind: String, CaseIterable, Sendable {
    /// The desktop keyring, through the Secret Service.
    case keyring
    /// Nowhere but in the agent's memory.
    case memory
}
