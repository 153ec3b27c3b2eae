internal import AgentAPI
internal import Formats
public import OAuth

/// The settings of one account: its file's keys and its preset's values. Holds no secret.
public struct AccountSettings: Equatable, Sendable {
    /// The keys of the file, to be written back.
    public let keys: AccountKeys
    /// `nil` if both endpoints that a login needs are configured.
    public let issuer: Issuer?
    /// `nil` if the agent registers a client (RFC 7591), whose id is in the store.
    public let clientID: String?
    public let scopes: [String]
    public let store: StoreKind
    /// Whether the issuer publishes metadata to discover.
    public let hasMetadata: Bool
    /// The preset's endpoints, used where the metadata has none.
    public let presetEndpoints: ProviderEndpoints.Known
    /// The services of AWS that give credentials of roles: the file's, else the preset's.
    public let aws: AWSServices
    /// `nil` if the method is chosen from the provider's metadata.
    public let clientAuthentication: ClientAuthentication?
    public let dialect: RequestDialect
    /// Whether a refresh invalidates earlier access tokens, including those with another target.
    public let refreshEndsTokens: Bool
    /// Whether rules treat a reply without `scope` as granting the requested scope (RFC 6749 §5.1).
    public let believesOmittedScope: Bool

    /// Why settings are invalid.
    public struct Invalid: Error, Equatable, Sendable {
        /// The key of the account file that is wrong.
        public var key: String
        public var problem: String
        public var hint: String
    }

    public var deviceEndpoint: EndpointURL? { keys.deviceEndpoint }
    public var tokenEndpoint: EndpointURL? { keys.tokenEndpoint }
    public var revocationEndpoint: EndpointURL? { keys.revocationEndpoint }
    public var registrationEndpoint: EndpointURL? { keys.registrationEndpoint }
    public var clientSecretFile: String? { keys.clientSecretFile }
    /// The longest time between refreshes, even without requests, so that an idle refresh token does not expire.
    public var keepAlive: Duration? { keys.keepAlive }
    /// The time without token requests after which the account locks.
    public var lockAfter: Duration? { keys.lockAfter }
    /// The time after login, unlock or the agent's start at which the account locks.
    public var lifetime: Duration? { keys.lifetime }
    /// How long before its expiry a login is announced; `nil`: as `LoginExpiry` decides.
    public var warnBefore: Duration? { keys.warnBefore }
    public var expectedSubject: String? { keys.expectedSubject }

    public init(_ keys: AccountKeys) throws(Invalid) {
        var all: [Invalid] = []
        try self.init(keys, &all)
    }

    /// Throws the first reason why the keys are invalid, and adds those that do not follow from another.
    init(_ keys: AccountKeys, _ all: inout [Invalid]) throws(Invalid) {
        let preset = keys.provider?.preset
        let keys = keys.completed(by: preset)
        self.keys = keys
        if let given = keys.issuer { issuer = given } else { issuer = try Self.issuer(of: keys.provider) }
        // A preset's scopes are those of a person.
        let named = keys.scopes ?? (keys.machineGrant == nil ? preset?.scopes : nil) ?? []
        // CIBA requires it (OpenID Connect CIBA Core 1.0 §7.1).
        scopes = keys.grant == .ciba ? Self.withOpenID(named) : named
        store = keys.store ?? .keyring
        // An issuer beside the preset is another server of the same kind, with paths of its own.
        let isPresetsIssuer = keys.issuer == nil
        hasMetadata = isPresetsIssuer ? preset?.hasMetadata ?? true : true
        presetEndpoints = isPresetsIssuer ? try Self.endpoints(of: keys.provider) : ProviderEndpoints.Known()
        aws = try AWSServices(keys, preset: isPresetsIssuer ? keys.provider : nil)
        dialect = keys.dialect()
        refreshEndsTokens = keys.refreshEndsTokens ?? preset?.refreshEndsTokens ?? false
        believesOmittedScope = keys.believeOmittedScope ?? preset?.believesOmittedScope ?? false
        clientAuthentication =
            keys.clientAuthentication ?? Self.presetAuthentication(keys, preset)
            ?? dialect.encoding.clientAuthentication
        guard issuer != nil || Self.hasEndpoints(keys) else {
            throw Invalid(
                key: "issuer",
                problem: "an issuer or both endpoints are required",
                hint: "give --issuer URL, --provider NAME, or --token-endpoint URL with --device-endpoint URL, or with"
                    + " --authorization-endpoint URL"
            )
        }
        clientID = keys.clientID
        // Without metadata, a registration endpoint must be configured.
        let canRegister = hasMetadata || keys.registrationEndpoint != nil || presetEndpoints.registration != nil
        let needsClient =
            switch keys.machineGrant {
            case nil: issuer == nil || !canRegister
            case .clientCredentials: true
            // The assertion says who asks, and some servers exchange tokens for all.
            case .jwtBearer, .tokenExchange: false
            }
        guard clientID != nil || !needsClient else {
            throw Invalid(key: "client_id", problem: "there is no client id", hint: Self.clientIDHint(keys.provider))
        }
        let (issuer, scopes, method, encoding) = (issuer, scopes, clientAuthentication, dialect.encoding)
        all.attempt { () throws(Invalid) in try Self.checkClient(keys, method: method) }
        all.attempt { () throws(Invalid) in try Self.checkTarget(keys, encoding: encoding) }
        all.attempt { () throws(Invalid) in try Self.checkDetails(keys, encoding: encoding) }
        all.attempt { () throws(Invalid) in try Self.checkCiba(keys, issuer: issuer) }
        all.attempt { () throws(Invalid) in try Self.checkMachine(keys, issuer: issuer, encoding: encoding) }
        all.attempt { () throws(Invalid) in try Self.checkURLs(keys) }
        all.attempt { () throws(Invalid) in try Self.checkCode(keys) }
        all.attempt { () throws(Invalid) in try Self.checkNames(keys, scopes: scopes) }
        all.attempt { () throws(Invalid) in try Self.checkSubject(keys, issuer: issuer) }
        all.attempt { () throws(Invalid) in try Self.checkDeviceParameters(keys) }
        if let first = all.first { throw first }
    }

    /// The hint for an account without a client id.
    public var clientIDHint: String { Self.clientIDHint(keys.provider) }

    static func clientIDHint(_ provider: ProviderChoice?) -> String {
        if provider?.preset.registrationEndpoint != nil {
            return "check the provider's parameters and --scope, or give --client-id ID of a client that is registered"
        }
        return "give --client-id ID, the id that the provider registered"
            + (provider.map { " (\($0.fill($0.preset.registration)))" } ?? "")
    }

    /// The provider's name for people: the issuer, or the token endpoint's origin.
    public var providerName: String { issuer?.text ?? tokenEndpoint?.origin ?? "" }

    /// Whether the endpoints suffice for a login without an issuer.
    private static func hasEndpoints(_ keys: AccountKeys) -> Bool {
        guard keys.tokenEndpoint != nil else { return false }
        if keys.machineGrant != nil { return true }
        return switch keys.grant {
        case .device: keys.deviceEndpoint != nil
        case .code: keys.authorizationEndpoint != nil
        case .ciba: false
        case nil: keys.deviceEndpoint != nil || keys.authorizationEndpoint != nil
        }
    }

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
            registration: try endpoint(provider.preset.registrationEndpoint),
            authorization: try endpoint(provider.preset.authorizationEndpoint)
        )
    }
}

extension AccountKeys {
    /// Returns the preset's dialect with the file's values.
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

/// The kind of store for an account's credential. Chosen at login; the agent never changes it by itself.
public enum StoreKind: String, CaseIterable, Sendable {
    /// The desktop keyring, through the Secret Service.
    case keyring
    /// Encrypted files, for machines with no desktop.
    case sealed
    /// The agent's memory only.
    case memory
}
