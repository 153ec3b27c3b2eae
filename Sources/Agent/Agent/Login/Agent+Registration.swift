internal import Advice
internal import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Vault

/// The secrets of a login request.
struct LoginSecrets: Sendable {
    var client: SecretBytes?
    /// The initial access token of a registration (RFC 7591 §1.2).
    var registration: SecretBytes?
}

/// The client of a login.
struct LoginClient: Sendable {
    var client: AccountVault.GrantedClient
    /// Whether the client is stored, so that the next login finds it if this one fails.
    var isKept = true
    /// Whether the provider has registered the client for this login.
    var isNew = false

    /// Whether the provider no longer accepts a client that it has registered for this account.
    func isLost(_ error: LoginError) -> Bool {
        guard client.registration != nil, !isNew, case .oauth(.provider(let refusal)) = error else { return false }
        return refusal.refusesClient
    }
}

/// The client of a login: a configured one, or one that the provider registers for the account.
extension Agent {
    func client(
        for name: AccountName, _ provider: Provider, _ secrets: LoginSecrets
    ) async throws(LoginError) -> LoginClient {
        let settings = provider.settings
        if let id = settings.clientID, let secret = secrets.client {
            return LoginClient(client: .init(issuer: settings.providerName, id: id, secret: secret))
        }
        try await settleRegistration(of: name)
        let stored: Credential?
        do throws(StoreFailure) {
            stored = try await parts.stores[settings.store].reader.credential(of: name)
        } catch {
            throw .store(error)
        }
        do throws(ConfigurationError) {
            if let client = try provider.client(stored?.client),
                settings.clientID != nil || isUsable(client.registration, settings.scopes)
            {
                return LoginClient(client: client)
            }
        } catch {
            throw .configuration(error)
        }
        return try await registeredClient(for: name, provider, secrets)
    }

    private func isUsable(_ registration: Registration?, _ scopes: [String]) -> Bool {
        guard let registration else { return true }
        return !registration.isExpired(at: parts.time.wall) && registration.allows(scopes)
    }

    /// Returns a newly registered client.
    func registeredClient(
        for name: AccountName, _ provider: Provider, _ secrets: LoginSecrets
    ) async throws(LoginError) -> LoginClient {
        // Unstructured task: cancelling the login must not lose a client that the provider has just registered.
        let registration = Task { await self.register(name, provider, initialToken: secrets.registration) }
        guard let result = await registration.valueUnlessCancelled else {
            leave(registration, for: name, provider.settings)
            throw .cancelled
        }
        let client = try result.get()
        guard !Task.isCancelled else { throw await failed(.cancelled, client, for: name, provider.settings) }
        return client
    }

    /// Registers a client and stores it before its first use.
    private func register(
        _ name: AccountName, _ provider: Provider, initialToken: SecretBytes?
    ) async -> Result<LoginClient, LoginError> {
        let settings = provider.settings
        let registered: RegisteredClient
        do {
            guard let issuer = settings.issuer else {
                throw RegistrationFailure.unsupported(detail: "a client cannot be registered without an issuer")
            }
            let (endpoints, discovered) = try await provider.endpointsForRegistration()
            var metadata = discovered ?? ServerMetadata(issuer: issuer)
            metadata.registrationEndpoint = endpoints.registration
            // Without a device endpoint a registered client is useless: fail before registering it.
            if endpoints.registration != nil { _ = try endpoints.requiredDevice() }
            registered = try await ClientRegistration(transport: parts.transport).register(
                metadata, scopes: settings.scopes, authentication: settings.clientAuthentication,
                encoding: settings.dialect.encoding, initialToken: initialToken, now: { parts.time.now }
            )
        } catch let failure as OAuthFailure {
            return .failure(.oauth(failure))
        } catch let failure as RegistrationFailure {
            let advice = RegistrationAdvice(settings, hasInitialToken: initialToken != nil)
            return .failure(.registration(failure, advice))
        } catch {
            return .failure(.cancelled)
        }
        parts.logger.info("client registered", metadata: ["account": "\(name)", "issuer": "\(settings.providerName)"])
        var client = LoginClient(
            client: AccountVault.GrantedClient(
                issuer: settings.providerName, id: registered.id, secret: registered.secret,
                registration: Registration(
                    authentication: registered.authentication, secretExpiresAt: registered.secretExpiresAt,
                    management: registered.management,
                    scopes: settings.dialect.encoding.scopesBelongToClient ? settings.scopes : nil
                )
            ),
            isKept: false,
            isNew: true
        )
        let earlier = await earlierClients(of: name, settings).filter { $0.store == settings.store }
        do throws(StoreFailure) {
            client.isKept = try await vault(of: name, settings).keep(client.client)
        } catch {
            return .failure(await failed(.store(error), client, for: name, settings))
        }
        if client.isKept { await deleteReplaced(earlier, by: client.client, of: name) }
        return .success(client)
    }

    /// Returns the vault that writes the account's record; the account itself may not exist yet.
    private func vault(of name: AccountName, _ settings: AccountSettings) -> AccountVault {
        if let account = known(name), account.settings.store == settings.store { return account.vault }
        return Account(name: name, settings: settings, surroundings: surroundings).vault
    }

    /// Ends a login. Deletes a registration at the provider that could not be stored beside an earlier login.
    func failed(
        _ error: LoginError, _ client: LoginClient, for name: AccountName, _ settings: AccountSettings
    ) async -> LoginError {
        if !client.isKept, let unused = EarlierClient(client.client, in: settings.store) {
            await deleteLater(unused, of: name)
        }
        guard client.client.registration != nil, case .oauth(.provider(let refusal)) = error,
            ["invalid_client", "unauthorized_client"].contains(refusal.code)
        else { return error }
        return .registeredClientRefused(refusal, isNew: client.isNew)
    }
}
