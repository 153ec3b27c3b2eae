internal import AgentAPI
internal import Configuration
internal import OAuth
internal import SecretMemory
internal import Synchronization
internal import Vault

extension AccountSettings {
    /// Whether a login under these settings is for the same client at the same issuer.
    /// Without a client id that is the client which the issuer has registered for the account.
    func isOfSameLogin(as client: AccountVault.GrantedClient) -> Bool {
        guard client.issuer == providerName else { return false }
        return clientID.map { $0 == client.id } ?? (client.registration != nil)
    }

    /// Whether the preset's endpoints do when the provider has no metadata. Metadata of somebody else, or none just now
    /// because the network fails, is another matter.
    func canDo(without failure: OAuthFailure) -> Bool {
        guard case .badResponse = failure else { return false }
        return presetEndpoints.token != nil
    }

    /// A login of somebody who is not known was accepted before anybody was expected.
    func allows(_ identity: Identity?) -> Bool {
        expectedSubject.map { $0.utf8.elementsEqual((identity?.subject ?? "").utf8) } ?? true
    }

    /// Whether an account may go on with its tokens when these settings replace the others.
    func continues(_ other: AccountSettings) -> Bool {
        store == other.store && providerName == other.providerName && clientID == other.clientID
            && expectedSubject == other.expectedSubject
    }
}

/// One account's way to its authorization server: settings, discovery and client authentication put together.
final class Provider: GrantRefresher {
    let surroundings: Surroundings
    private let current: Mutex<AccountSettings>

    init(settings: AccountSettings, surroundings: Surroundings) {
        current = Mutex(settings)
        self.surroundings = surroundings
    }

    var settings: AccountSettings {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }

    /// The server with the client's identity.
    func server(
        for client: AccountVault.GrantedClient, needsRevocation: Bool = false, needsIntrospection: Bool = false
    ) async throws(OAuthFailure) -> AuthorizationServer {
        let settings = settings
        let discovered = try await discovered(
            settings, needsRevocation: needsRevocation, needsIntrospection: needsIntrospection)
        let means = ClientMeans(
            id: client.id, secret: client.secret, keyFile: settings.clientKeyFile,
            certificateFile: settings.clientCertificateFile
        )
        // RFC 7591 §3.2.1: what the provider registered counts, whatever was asked for.
        let method =
            client.registration?.authentication ?? settings.clientAuthentication ?? client.authentication
            ?? means.choose(from: discovered, isRegistered: client.registration != nil)
        let endpoints = try endpoints(settings, discovered, showsCertificate: method.means == .certificate)
        if let hosts = client.endpointHosts, discovered != nil {
            try require(
                hosts, of: endpoints, needsRevocation: needsRevocation, needsIntrospection: needsIntrospection)
        }
        do throws(ClientProofFailure) {
            return AuthorizationServer(
                endpoints: endpoints,
                client: try means.client(method, algorithms: discovered?.assertionAlgorithms, surroundings.stamp),
                dialect: settings.dialect,
                assertionAudience: settings.assertionAudience,
                issuer: settings.issuer,
                transport: surroundings.transport
            )
        } catch {
            throw .client(error)
        }
    }

    /// The server with the secret in the body, for a login at one that does not decode HTTP Basic. `nil` where the method
    /// is chosen otherwise, the server lists no other, or the encoding changes nothing.
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

    /// Where a client can be registered, and what the issuer says if it was asked.
    func endpointsForRegistration() async throws(OAuthFailure) -> (ProviderEndpoints, ServerMetadata?) {
        let settings = settings
        let discovered = try await discovered(settings, needsRegistration: true)
        return (try endpoints(settings, discovered, showsCertificate: false), discovered)
    }

    /// What the issuer says, if it has to be asked: what is not needed is not discovered.
    private func discovered(
        _ settings: AccountSettings, needsRevocation: Bool = false, needsIntrospection: Bool = false,
        needsRegistration: Bool = false
    ) async throws(OAuthFailure) -> ServerMetadata? {
        let isComplete = settings.deviceEndpoint != nil && settings.tokenEndpoint != nil
        let lacksRegistration = needsRegistration && settings.registrationEndpoint == nil
        let isMissing =
            needsIntrospection || lacksRegistration || (needsRevocation && settings.revocationEndpoint == nil)
        guard let issuer = settings.issuer, settings.hasMetadata, !isComplete || isMissing else { return nil }
        do throws(OAuthFailure) { return try await surroundings.metadata.metadata(of: issuer) } catch {
            // The issuer was asked for what is named nowhere else: no answer does not mean that it has none.
            guard settings.canDo(without: error) else { throw error }
            return nil
        }
    }

    /// Where requests go: endpoints given by hand win over discovered ones.
    private func endpoints(
        _ settings: AccountSettings, _ discovered: ServerMetadata?, showsCertificate: Bool
    ) throws(OAuthFailure) -> ProviderEndpoints {
        try ProviderEndpoints(
            metadata: discovered,
            device: settings.deviceEndpoint,
            token: settings.tokenEndpoint,
            revocation: settings.revocationEndpoint,
            registration: settings.registrationEndpoint,
            known: settings.presetEndpoints,
            showsCertificate: showsCertificate
        )
    }

    func mayReceive(_ credential: Credential) -> Bool { settings.isOfSameLogin(as: credential.client) }

    func allows(_ identity: Identity?) -> Bool { settings.allows(identity) }

    var refreshEndsTokens: Bool { settings.refreshEndsTokens }

    func identify(_ grant: TokenGrant, for credential: Credential) async -> IdentityVerdict {
        // A secret file that cannot be read leaves the token unverified; the refresh has just used it.
        let secret = (try? client(credential.client))?.secret
        return await identify(grant, clientID: credential.clientID, clientSecret: secret, for: .renewal)
    }

    func identify(
        _ grant: TokenGrant, clientID: String, clientSecret: SecretBytes?, for purpose: KeyPurpose
    ) async -> IdentityVerdict {
        await surroundings.identities.verdict(
            on: grant, clientID: clientID, clientSecret: clientSecret, settings, for: purpose)
    }

    func refresh(_ credential: Credential, for target: TokenTarget?) async -> RefreshReply {
        // The settings may have changed since the vault asked.
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
            // Without a place of its own, a narrower token is for where the login's is.
            let settings = settings
            let hasPlace = target.map { !$0.resources.isEmpty || $0.audience != nil } ?? false
            return try await server(for: client).refresh(
                refreshToken, scopes: target?.scopes,
                resources: hasPlace ? target?.resources ?? [] : settings.resources,
                audience: hasPlace ? target?.audience : settings.audience
            )
        } catch let failure as OAuthFailure {
            switch failure {
            case .transport, .provider, .badResponse: return .transient(detail: failure.description, retryAfter: nil)
            case .issuerMismatch, .foreignHost: return .changed(failure.description)
            case .noTokenEndpoint, .client, .deviceFlowUnsupported: return .unconfigured(failure.description)
            }
        } catch let error as ConfigurationError {
            return .unconfigured("\(error.description) (\(error.hint))")
        } catch {
            return .transient(detail: "the provider could not be asked", retryAfter: nil)
        }
    }

    /// The client that a login was granted to, with the secret of today; without a login of these settings the one that
    /// they name, if they do.
    func client(_ granted: AccountVault.GrantedClient?) throws(ConfigurationError) -> AccountVault.GrantedClient? {
        let named = settings.clientID.map {
            AccountVault.GrantedClient(issuer: settings.providerName, id: $0, secret: nil)
        }
        let own = granted.flatMap { settings.isOfSameLogin(as: $0) ? $0 : nil }
        guard var client = own ?? named else { return nil }
        client.secret = try clientSecret(stored: client.secret)
        return client
    }

    /// The secret from the file that the settings name, else the one that came with the login.
    func clientSecret(stored: SecretBytes?) throws(ConfigurationError) -> SecretBytes? {
        guard let file = settings.clientSecretFile else { return stored }
        return try ClientSecretFile.read(file)
    }
}
