internal import AgentAPI
internal import Configuration
internal import OAuth
internal import SecretMemory
internal import Synchronization
internal import Vault

extension AccountSettings {
    /// Whether a login under these settings is for the same client at the same issuer. Without a client id, that is the
    /// client which the issuer has registered for the account.
    func isOfSameLogin(as client: AccountVault.GrantedClient) -> Bool {
        guard client.issuer == providerName else { return false }
        return clientID.map { $0 == client.id } ?? (client.registration != nil)
    }

    /// Whether the preset's endpoints suffice because the provider has no metadata. Not after a network failure or for
    /// another issuer's metadata.
    func canDo(without failure: OAuthFailure) -> Bool {
        guard case .badResponse = failure else { return false }
        return presetEndpoints.token != nil
    }

    /// Whether the identity is allowed. An unknown one is not: its login predates `expected_subject`.
    func allows(_ identity: Identity?) -> Bool {
        expectedSubject.map { $0.utf8.elementsEqual((identity?.subject ?? "").utf8) } ?? true
    }

    /// Whether an account may keep its tokens when these settings replace `other`.
    func continues(_ other: AccountSettings) -> Bool {
        store == other.store && providerName == other.providerName && clientID == other.clientID
            && expectedSubject == other.expectedSubject && machineGrant == other.machineGrant
    }
}

/// One account's authorization server: settings, discovery and client authentication.
final class Provider: GrantRefresher {
    private let shared: SharedParts
    private let current: Mutex<AccountSettings>

    init(settings: AccountSettings, shared: SharedParts) {
        current = Mutex(settings)
        self.shared = shared
    }

    var settings: AccountSettings {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// Returns the server for this client, if it may receive the login's secrets for `purpose`.
    func server(
        for client: AccountVault.GrantedClient, _ purpose: SecretDestination.Purpose = .tokens
    ) async throws(OAuthFailure) -> AuthorizationServer {
        try await connection(for: client, purpose).server
    }

    /// Returns the same, and the issuer's metadata if it was needed.
    func connection(
        for client: AccountVault.GrantedClient, _ purpose: SecretDestination.Purpose = .tokens
    ) async throws(OAuthFailure) -> (server: AuthorizationServer, metadata: ServerMetadata?) {
        let settings = settings
        let discovered = try await discovered(settings, for: purpose)
        let credentials = ClientCredentials(
            id: client.id, secret: client.secret, keyFile: settings.clientsOwnKeyFile,
            certificateFile: settings.clientCertificateFile, assertionFile: settings.clientAssertionFile
        )
        // RFC 7591 §3.2.1: the registered method counts, whatever was requested.
        let method =
            client.registration?.authentication ?? settings.clientAuthentication ?? client.authentication
            ?? credentials.choose(from: discovered, isRegistered: client.registration != nil)
        let endpoints = try SecretDestination(settings, hosts: client.endpointHosts).endpoints(
            for: purpose, discovered, from: shared.metadata, showsCertificate: method.means == .certificate)
        do throws(ClientProofFailure) {
            let server = AuthorizationServer(
                endpoints: endpoints,
                client: try credentials.client(method, algorithms: discovered?.assertionAlgorithms, shared.stamp),
                dialect: settings.dialect,
                assertionAudience: settings.assertionAudience,
                issuer: settings.issuer,
                transport: shared.transport
            )
            return (server, discovered)
        } catch {
            throw .client(error)
        }
    }

    /// Returns the server with the secret in the body, for one that does not decode HTTP Basic; `nil` if the method is
    /// configured, the server lists no other, or encoding does not change the secret.
    func serverWithoutBasic(
        _ server: AuthorizationServer, for client: AccountVault.GrantedClient
    ) async -> AuthorizationServer? {
        let settings = settings
        guard server.client.authentication == .clientSecretBasic, settings.clientAuthentication == nil,
            client.registration?.authentication == nil, let secret = client.secret,
            Client.isChangedByEncoding(id: client.id, secret: secret),
            let discovered = try? await discovered(settings),
            discovered.tokenEndpointAuthMethods?.contains(ClientAuthentication.clientSecretPost.rawValue) == true
        else { return nil }
        var other = client
        other.authentication = .clientSecretPost
        return try? await self.server(for: other)
    }

    /// Returns the grant of a login.
    func loginGrant() async throws(OAuthFailure) -> GrantKind {
        let settings = settings
        let discovered = try await discovered(settings)
        let endpoints = try SecretDestination(settings, hosts: nil).endpoints(
            for: .tokens, discovered, from: shared.metadata, showsCertificate: false)
        return try GrantChoice.grant(settings, endpoints)
    }

    /// Returns where to register a client, and the issuer's metadata if it was requested.
    func endpointsForRegistration() async throws(OAuthFailure) -> (ProviderEndpoints, ServerMetadata?) {
        let settings = settings
        let discovered = try await discovered(settings, needsRegistration: true)
        // A registration sends no secret of a login.
        let endpoints = try SecretDestination(settings, hosts: nil).endpoints(
            for: .tokens, discovered, from: shared.metadata, showsCertificate: false)
        return (endpoints, discovered)
    }

    /// Returns the issuer's metadata; `nil` if it publishes none, or it cannot be had now.
    func metadata() async -> ServerMetadata? {
        let settings = settings
        guard let issuer = settings.issuer, settings.hasMetadata else { return nil }
        return try? await shared.metadata.metadata(of: issuer)
    }

    /// Returns the issuer's metadata if one of the needed endpoints is not configured.
    private func discovered(
        _ settings: AccountSettings, for purpose: SecretDestination.Purpose = .tokens, needsRegistration: Bool = false
    ) async throws(OAuthFailure) -> ServerMetadata? {
        let isComplete = settings.hasLoginEndpoints
        let lacksRegistration = needsRegistration && settings.registrationEndpoint == nil
        let isMissing =
            switch purpose {
            case .tokens: lacksRegistration
            case .revocation, .session: settings.revocationEndpoint == nil
            // Only the metadata has these endpoints.
            case .introspection, .backchannel: true
            }
        guard let issuer = settings.issuer, settings.hasMetadata, !isComplete || isMissing else { return nil }
        do throws(OAuthFailure) { return try await shared.metadata.metadata(of: issuer) } catch {
            // Discovery was needed for an endpoint: a failure does not mean that the provider has none.
            guard settings.canDo(without: error) else { throw error }
            return nil
        }
    }

    func mayReceive(_ credential: Credential) -> Bool { settings.isOfSameLogin(as: credential.client) }

    func allows(_ identity: Identity?) -> Bool { settings.allows(identity) }

    var refreshEndsTokens: Bool { settings.refreshEndsTokens }

    func identify(_ grant: TokenGrant, for credential: Credential) async -> IdentityVerdict {
        // If the secret file cannot be read, the token stays unverified; the refresh has just read it.
        let secret = (try? client(credential.client))?.secret
        return await identify(grant, clientID: credential.clientID, clientSecret: secret, for: .renewal)
    }

    func identify(
        _ grant: TokenGrant, clientID: String, clientSecret: SecretBytes?,
        expecting expectation: IDTokenExpectation = IDTokenExpectation(), for purpose: KeyPurpose
    ) async -> IdentityVerdict {
        await shared.identities.verdict(
            on: grant, clientID: clientID, clientSecret: clientSecret, settings, expecting: expectation, for: purpose)
    }

    func refresh(_ credential: Credential, for target: TokenTarget?, claims: String?) async -> RefreshReply {
        // The settings may have changed since the vault's request.
        guard settings.isOfSameLogin(as: credential.client) else {
            return .transient(detail: "the login belongs to \(credential.issuer)", retryAfter: nil)
        }
        guard let refreshToken = credential.refreshToken else {
            return .transient(detail: "there is no refresh token", retryAfter: nil)
        }
        do {
            guard let client = try client(credential.client) else {
                return .transient(detail: "the login belongs to another client", retryAfter: nil)
            }
            // Without a target, a narrower token has the resources and audience of the login.
            let settings = settings
            let hasPlace = target.map { !$0.resources.isEmpty || $0.audience != nil } ?? false
            let details = target?.details
            if let refusal = await refusal(of: details) { return .misconfigured(refusal) }
            return try await server(for: client).refresh(
                refreshToken, scopes: target?.scopes,
                resources: hasPlace ? target?.resources ?? [] : settings.resources,
                audience: hasPlace ? target?.audience : settings.audience, details: details, claims: claims
            )
        } catch let failure as OAuthFailure {
            switch failure {
            case .transport(.nameNotFound(let detail)):
                return .transient(detail: detail, retryAfter: nil, obstacle: .offline)
            case .transport, .provider, .badResponse: return .transient(detail: failure.description, retryAfter: nil)
            case .issuerMismatch, .foreignHost: return .changed(failure.description)
            case .noTokenEndpoint, .client, .deviceFlowUnsupported, .codeFlowUnsupported, .backchannelUnsupported:
                return .unconfigured(failure.description)
            }
        } catch let error as ConfigurationError {
            return .unconfigured("\(error.description) (\(error.hint))")
        } catch {
            return .transient(detail: "the request to the provider failed", retryAfter: nil)
        }
    }

    /// Returns the client of the login with its current secret, or the configured one without a login of these
    /// settings; `nil` if there is neither.
    func client(_ granted: AccountVault.GrantedClient?) throws(ConfigurationError) -> AccountVault.GrantedClient? {
        let named = settings.clientID.map {
            AccountVault.GrantedClient(issuer: settings.providerName, id: $0, secret: nil)
        }
        let own = granted.flatMap { settings.isOfSameLogin(as: $0) ? $0 : nil }
        guard var client = own ?? named else { return nil }
        client.secret = try clientSecret(stored: client.secret)
        return client
    }

    /// Returns the secret from the configured file, or else the stored one.
    func clientSecret(stored: SecretBytes?) throws(ConfigurationError) -> SecretBytes? {
        guard let file = settings.clientSecretFile else { return stored }
        return try ClientSecretFile.read(file)
    }
}
