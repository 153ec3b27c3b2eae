internal import Accounts
internal import AgentAPI
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Vault

/// What a login request brings that is secret.
struct LoginSecrets: Sendable {
    var client: SecretBytes?
    /// The initial access token of a registration (RFC 7591 §1.2).
    var registration: SecretBytes?
}

/// The client that a login is for.
struct LoginClient: Sendable {
    var client: AccountVault.GrantedClient
    /// Whether the next login finds it, whatever becomes of this one.
    var isKept = true
}

/// The client of a login: the one that people have registered, or one that the provider registers for the account.
extension Agent {
    func client(
        for name: AccountName, _ provider: Provider, _ secrets: LoginSecrets
    ) async throws(LoginError) -> LoginClient {
        let settings = provider.settings
        if let id = settings.clientID, let secret = secrets.client {
            return LoginClient(client: .init(issuer: settings.providerName, id: id, secret: secret))
        }
        let stored: Credential?
        do throws(StoreFailure) {
            stored = try await parts.stores[settings.store].reader.credential(of: name)
        } catch {
            throw .store(error)
        }
        do throws(ConfigurationError) {
            if let client = try provider.client(stored?.client),
                settings.clientID != nil || client.registration?.isExpired(at: parts.time.wall) != true
            {
                return LoginClient(client: client)
            }
        } catch {
            throw .configuration(error)
        }
        // No parent: a login that is cancelled now must not lose a client that the provider has just registered.
        let registered = Task { await self.register(name, provider, initialToken: secrets.registration) }
        let client = try await registered.value.get()
        guard !Task.isCancelled else { throw await failed(.cancelled, client) }
        return client
    }

    /// Registers a client, and stores it before anything else is done with it.
    private func register(
        _ name: AccountName, _ provider: Provider, initialToken: SecretBytes?
    ) async -> Result<LoginClient, LoginError> {
        let settings = provider.settings
        let registered: RegisteredClient
        do {
            guard let issuer = settings.issuer else {
                throw RegistrationFailure.unsupported(detail: "without an issuer nobody can register one")
            }
            let metadata = try await surroundings.metadata.metadata(of: issuer)
            // A client that could do nothing with its registration does not ask for one.
            if metadata.registrationEndpoint != nil { try await provider.requireDeviceEndpoint() }
            registered = try await ClientRegistration(transport: parts.transport).register(
                metadata, scopes: settings.scopes, authentication: settings.clientAuthentication,
                initialToken: initialToken
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
                    management: registered.management
                )
            ),
            isKept: false
        )
        do throws(StoreFailure) {
            client.isKept = try await vault(of: name, settings).keep(client.client)
            return .success(client)
        } catch {
            return .failure(await failed(.store(error), client))
        }
    }

    /// The vault that writes this account's record, which may not have an account yet.
    private func vault(of name: AccountName, _ settings: AccountSettings) -> AccountVault {
        if let account = known(name), account.settings.store == settings.store { return account.vault }
        return Account(name: name, settings: settings, surroundings: surroundings).vault
    }

    /// The login's end. A registration that could not be kept beside an earlier login is given back to the provider.
    func failed(_ error: LoginError, _ client: LoginClient) async -> LoginError {
        guard client.isKept else {
            if let management = client.client.registration?.management {
                // No parent: a login that is cancelled gives it back as well.
                let deletion = Task { await ClientRegistration(transport: parts.transport).delete(management) }
                _ = await deletion.value
            }
            return error
        }
        guard client.client.registration != nil, case .oauth(.provider(let refusal)) = error,
            ["invalid_client", "unauthorized_client"].contains(refusal.code)
        else { return error }
        return .registeredClientRefused(refusal)
    }
}
