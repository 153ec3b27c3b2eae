internal import Formats
public import OAuth

/// What is configured of one account: its file's keys, and what its provider's preset adds. Holds no secret.
public struct AccountSettings: Equatable, Sendable {
    /// As the file has them, to be written back.
    public let keys: AccountKeys
    /// Nil when both endpoints that a login needs are given by hand.
    public let issuer: Issuer?
    /// Nil: the agent has the provider register a client (RFC 7591); its id is in the store.
    public let clientID: String?
    public let scopes: [String]
    public let store: StoreKind
    /// Whether the issuer is asked for its metadata.
    public let hasMetadata: Bool
    /// Those of the preset: used where the provider's metadata has none.
    public let presetEndpoints: ProviderEndpoints.Known
    /// Nil: chosen from the provider's metadata.
    public let clientAuthentication: ClientAuthentication?
    public let dialect: RequestDialect
    /// Whether a refresh ends the access tokens that came before it, also those for another scope or resource.
    public let refreshEndsTokens: Bool
    /// Whether a reply without `scope` is taken to grant what was requested (RFC 6749 §5.1) where rules bound scopes.
    public let believesOmittedScope: Bool

    /// Why settings make no account.
    public struct Invalid: Error, Equatable, Sendable {
        /// The key in the account file that is to blame.
        public var key: String
        public var problem: String
        public var hint: String
    }

    public var deviceEndpoint: EndpointURL? { keys.deviceEndpoint }
    public var tokenEndpoint: EndpointURL? { keys.tokenEndpoint }
    public var revocationEndpoint: EndpointURL? { keys.revocationEndpoint }
    public var registrationEndpoint: EndpointURL? { keys.registrationEndpoint }
    public var clientSecretFile: String? { keys.clientSecretFile }
    /// Refresh at least this often, also when nobody asks, so that an idle refresh token does not die.
    public var keepAlive: Duration? { keys.keepAlive }
    /// The account locks when nobody has asked for a token for so long.
    public var lockAfter: Duration? { keys.lockAfter }
    /// The account locks so long after its login, its unlocking or the agent's start.
    public var lifetime: Duration? { keys.lifetime }
    public var expectedSubject: String? { keys.expectedSubject }

    public init(_ keys: AccountKeys) throws(Invalid) {
        let preset = keys.provider?.preset
        self.keys = keys
        if let given = keys.issuer { issuer = given } else { issuer = try Self.issuer(of: keys.provider) }
        scopes = keys.scopes ?? preset?.scopes ?? []
        store = keys.store ?? .keyring
        // An issuer that is given beside the preset is another server of the same kind, whose paths are its own.
        let isPresetsIssuer = keys.issuer == nil
        hasMetadata = isPresetsIssuer ? preset?.hasMetadata ?? true : true
        presetEndpoints = isPresetsIssuer ? try Self.endpoints(of: keys.provider) : ProviderEndpoints.Known()
        dialect = keys.dialect()
        refreshEndsTokens = keys.refreshEndsTokens ?? preset?.refreshEndsTokens ?? false
        believesOmittedScope = keys.believeOmittedScope ?? preset?.believesOmittedScope ?? false
        clientAuthentication =
            keys.clientAuthentication ?? preset?.clientAuthentication ?? dialect.encoding.clientAuthentication
        guard issuer != nil || (keys.deviceEndpoint != nil && keys.tokenEndpoint != nil) else {
            throw Invalid(
                key: "issuer",
                problem: "neither an issuer nor both endpoints are given",
                hint: "give --issuer URL, --provider NAME, or both --device-endpoint URL and --token-endpoint URL"
            )
        }
        clientID = keys.clientID
        // Where a client can be registered is in the metadata, if it is not known without.
        let canRegister = hasMetadata || keys.registrationEndpoint != nil || presetEndpoints.registration != nil
        guard clientID != nil || (issuer != nil && canRegister) else {
            throw Invalid(key: "client_id", problem: "there is no client id", hint: Self.clientIDHint(keys.provider))
        }
        for (key, path, what) in [
            ("client_secret_file", keys.clientSecretFile, "secret"), ("client_key_file", keys.clientKeyFile, "key"),
        ] where clientID == nil && path != nil {
            throw Invalid(
                key: key, problem: "there is a client \(what), and no client id that it belongs to",
                hint: Self.clientIDHint(keys.provider)
            )
        }
        try Self.checkClient(keys, method: clientAuthentication)
        try Self.checkTarget(keys, encoding: dialect.encoding)
        try Self.check(keys, issuer: issuer, scopes: scopes)
    }

    /// What helps an account that has no client id.
    public var clientIDHint: String { Self.clientIDHint(keys.provider) }

    private static func clientIDHint(_ provider: ProviderChoice?) -> String {
        if provider?.preset.registrationEndpoint != nil {
            return "check the provider's parameters and --scope, or give --client-id ID of a client that is registered"
        }
        return "give --client-id ID, the id that the provider registered"
            + (provider.map { " (\($0.fill($0.preset.registration)))" } ?? "")
    }

    /// What people see as the provider: the issuer, or where the token endpoint is.
    public var providerName: String { issuer?.text ?? tokenEndpoint?.origin ?? "" }

    private static func issuer(of provider: ProviderChoice?) throws(Invalid) -> Issuer? {
        guard let provider else { return nil }
        do throws(URLRejection) { return try Issuer(parsing: provider.fill(provider.preset.issuer)) } catch {
            throw Invalid(key: "provider", problem: "the issuer is not usable: \(error)", hint: "check the parameters")
        }
    }

    private static func endpoints(of provider: ProviderChoice?) throws(Invalid) -> ProviderEndpoints.Known {
        guard let provider else { return ProviderEndpoints.Known() }
        func endpoint(_ template: String?) throws(Invalid) -> EndpointURL? {
            guard let template else { return nil }
            do throws(URLRejection) { return try EndpointURL(parsing: provider.fill(template)) } catch {
                throw Invalid(
                    key: "provider", problem: "an endpoint is not usable: \(error)", hint: "check the parameters")
            }
        }
        return ProviderEndpoints.Known(
            device: try endpoint(provider.preset.deviceEndpoint),
            token: try endpoint(provider.preset.tokenEndpoint),
            revocation: try endpoint(provider.preset.revocationEndpoint),
            registration: try endpoint(provider.preset.registrationEndpoint)
        )
    }

    /// What an account may hold, whoever wrote it.
    private static func check(_ keys: AccountKeys, issuer: Issuer?, scopes: [String]) throws(Invalid) {
        // RFC 6749 appendix A.1 and A.4: visible characters; a scope is one word of them.
        if let id = keys.clientID,
            !(1...1024).contains(id.utf8.count) || !id.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        {
            throw Invalid(
                key: "client_id", problem: "the client id is empty or holds characters that no id may hold",
                hint: "give the id as the provider shows it"
            )
        }
        for scope in scopes where !isScope(scope) {
            throw Invalid(
                key: "scopes", problem: "'\(DisplayText.clean(scope, limit: 80))' is not one scope",
                hint: "give each scope by itself, without spaces"
            )
        }
        if let expectedSubject = keys.expectedSubject {
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
        for name in keys.deviceParameters?.keys.sorted() ?? []
        where RequestDialect.isReserved(name) || !isScope(name) {
            throw Invalid(
                key: "device_parameters", problem: "'\(DisplayText.clean(name, limit: 80))' is not for you to set",
                hint: "leave it out; the agent sets what belongs to the protocol"
            )
        }
    }

    private static func isScope(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isVisible && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }
}

extension AccountKeys {
    /// The preset's dialect with the file's own words in it.
    fileprivate func dialect() -> RequestDialect {
        var dialect = provider?.preset.dialect ?? RequestDialect()
        if let provider { dialect.deviceParameters = dialect.deviceParameters.mapValues(provider.fill) }
        dialect.scopeParameter = scopeParameter ?? dialect.scopeParameter
        dialect.deviceGrantType = deviceGrantType ?? dialect.deviceGrantType
        dialect.deviceCodeParameter = deviceCodeParameter ?? dialect.deviceCodeParameter
        if let pkce { dialect.proofKey = pkce ? .always : .never }
        dialect.assertionAudience = assertionAudience ?? dialect.assertionAudience
        dialect.deviceParameters.merge(deviceParameters ?? [:]) { $1 }
        dialect.encoding = requestEncoding ?? dialect.encoding
        return dialect
    }
}

/// Where an account's credential is kept. Chosen at login and never switched silently.
public enum StoreKind: String, CaseIterable, Sendable {
    /// The desktop keyring, through the Secret Service.
    case keyring
    /// Encrypted files, for machines with no desktop.
    case sealed
    /// Nowhere but in the agent's memory.
    case memory
}
