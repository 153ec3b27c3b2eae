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
    /// The user's code for a question on the phone (OpenID Connect CIBA Core 1.0 §7.1).
    var user: SecretBytes?
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
        guard client.registration != nil, !isNew, let refusal = error.refusal else { return false }
        return refusal.refusesClient
    }
}

/// A client that the agent has registered for an account, and whose record is about to be replaced.
struct EarlierClient: Sendable {
    var issuer: String
    var id: String
    var management: ClientManagement
    var store: StoreKind

    /// `nil` if the client has no management token, so that it cannot be deleted.
    init?(_ client: AccountVault.GrantedClient?, in store: StoreKind) {
        guard let client, let management = client.registration?.management else { return nil }
        (issuer, id, self.management, self.store) = (client.issuer, client.id, management, store)
    }

    func isSame(as client: AccountVault.GrantedClient) -> Bool { issuer == client.issuer && id == client.id }
}

/// The client of a login: a configured one, or one that the provider registers for the account; and those that it
/// replaces.
struct LoginClients: Sendable {
    let name: AccountName
    let provider: Provider
    let secrets: LoginSecrets
    let shared: SharedParts
    let registry: AccountRegistry
    let revocations: RevocationQueue
    let registrations: LeftRegistrations

    private var settings: AccountSettings { provider.settings }

    /// Returns the client, and registers one if there is none and that is allowed.
    func client(for grant: GrantKind, mayRegister: Bool = true) async throws(LoginError) -> LoginClient {
        if let id = settings.clientID, let secret = secrets.client {
            return LoginClient(client: .init(issuer: settings.providerName, id: id, secret: secret))
        }
        try await registrations.settle(name)
        let stored: Credential?
        do throws(StoreFailure) {
            stored = try await shared.stores[settings.store].reader.credential(of: name)
        } catch {
            throw .store(error)
        }
        do throws(ConfigurationError) {
            if let client = try provider.client(stored?.client),
                settings.clientID != nil || isUsable(client.registration, for: grant)
            {
                return LoginClient(client: client)
            }
        } catch {
            throw .configuration(error)
        }
        guard mayRegister else {
            throw .unsuitable(
                problem: "the client of '\(name)' has expired, or cannot log in by CIBA",
                hint: "run 'authagent login \(name)'")
        }
        return try await registeredClient(for: grant)
    }

    /// Returns the client of the account's login, for a login beside it. Registers none: it could not be stored.
    func clientOfLogin() throws(LoginError) -> LoginClient {
        do throws(ConfigurationError) {
            let granted = registry.known(name)?.vault.client
            if let client = try provider.client(granted) { return LoginClient(client: client) }
        } catch {
            throw .configuration(error)
        }
        throw .unsuitable(
            problem: "'\(name)' has no client yet, and an elevated login is of the one that the account's login has",
            hint: "run 'authagent login \(name)' first")
    }

    private func isUsable(_ registration: Registration?, for grant: GrantKind) -> Bool {
        guard let registration else { return true }
        return !registration.isExpired(at: shared.time.wall) && registration.allows(settings.scopes)
            && registrationGrant(grant).isCovered(
                byTypes: registration.grantTypes, redirectURIs: registration.redirectURIs)
    }

    /// The grant that a client is registered for.
    private func registrationGrant(_ grant: GrantKind) -> RegistrationGrant {
        switch grant {
        case .device: .device
        case .code: .code(ownRedirectURI, issuerURL: settings.registrationIssuerURL)
        case .ciba: .backchannel
        }
    }

    /// The redirect URI of a client that the agent registers. Its path is the account's alone, so that a response that
    /// another provider caused is not taken for this one's (RFC 9700 §4.4.2).
    private var ownRedirectURI: RedirectURI {
        settings.redirectURI ?? (try? RedirectURI(parsing: "\(RedirectURI.standard)/\(name)")) ?? .standard
    }

    /// The redirect URI of a login by code with this client.
    func redirectURI(of client: LoginClient) -> RedirectURI {
        if let configured = settings.redirectURI { return configured }
        return client.client.registration == nil ? .standard : ownRedirectURI
    }

    /// Returns a newly registered client.
    func registeredClient(for grant: GrantKind) async throws(LoginError) -> LoginClient {
        // Unstructured task: cancelling the login must not lose a client that the provider has just registered.
        let registration = Task { await self.register(for: self.registrationGrant(grant)) }
        guard let result = await registration.valueUnlessCancelled else {
            registrations.leave(registration, of: name) { client in _ = await self.failed(.cancelled, client) }
            throw .cancelled
        }
        let client = try result.get()
        guard !Task.isCancelled else { throw await failed(.cancelled, client) }
        return client
    }

    /// Registers a client and stores it before its first use.
    private func register(for grant: RegistrationGrant) async -> Result<LoginClient, LoginError> {
        let settings = settings
        let registered: RegisteredClient
        do {
            guard let issuer = settings.issuer else {
                throw RegistrationFailure.unsupported(detail: "a client cannot be registered without an issuer")
            }
            let (endpoints, discovered) = try await provider.endpointsForRegistration()
            var metadata = discovered ?? ServerMetadata(issuer: issuer)
            metadata.registrationEndpoint = endpoints.registration
            registered = try await ClientRegistration(transport: shared.transport).register(
                metadata, scopes: settings.scopes, grant: grant, authentication: settings.clientAuthentication,
                encoding: settings.dialect.encoding, initialToken: secrets.registration, now: { shared.time.now }
            )
        } catch let failure as OAuthFailure {
            return .failure(.oauth(failure))
        } catch let failure as RegistrationFailure {
            let advice = RegistrationAdvice(settings, hasInitialToken: secrets.registration != nil)
            return .failure(.registration(failure, advice))
        } catch {
            return .failure(.cancelled)
        }
        shared.logger.info("client registered", metadata: ["account": "\(name)", "issuer": "\(settings.providerName)"])
        var client = LoginClient(
            client: AccountVault.GrantedClient(
                issuer: settings.providerName, id: registered.id, secret: registered.secret,
                registration: Registration(
                    authentication: registered.authentication, secretExpiresAt: registered.secretExpiresAt,
                    management: registered.management,
                    scopes: settings.dialect.encoding.scopesBelongToClient ? settings.scopes : nil,
                    grantTypes: registered.grantTypes ?? grant.types,
                    redirectURIs: registered.redirectURIs ?? grant.redirectURI.map { [$0.text] }
                )
            ),
            isKept: false,
            isNew: true
        )
        let earlier = await earlier().filter { $0.store == settings.store }
        do throws(StoreFailure) {
            client.isKept = try await vault().keep(client.client)
        } catch {
            return .failure(await failed(.store(error), client))
        }
        if client.isKept { await deleteReplaced(earlier, by: client.client) }
        return .success(client)
    }

    /// Returns the vault that writes the account's record; the account itself may not exist yet.
    private func vault() -> AccountVault {
        if let account = registry.known(name), account.settings.store == settings.store { return account.vault }
        return Account(name: name, settings: settings, shared: shared).vault
    }

    /// Ends a login. Deletes a registration at the provider that could not be stored beside an earlier login.
    func failed(_ error: LoginError, _ client: LoginClient) async -> LoginError {
        if !client.isKept, let unused = EarlierClient(client.client, in: settings.store) {
            await revocations.deleteLater(unused, of: name)
        }
        guard client.client.registration != nil else { return error }
        switch error {
        case .noAnswer(let limit, let ignored, _):
            return .noAnswer(after: limit, ignored: ignored, isRegistered: !client.isNew)
        case .codeRefused(let refusal) where refusal.refusesClient:
            return .registeredClientRefused(refusal, isNew: client.isNew)
        default: break
        }
        guard let refusal = error.refusal, ["invalid_client", "unauthorized_client"].contains(refusal.code) else {
            return error
        }
        return .registeredClientRefused(refusal, isNew: client.isNew)
    }

    /// Returns the clients that this login may replace: in its store, in the previous one, or in memory only.
    func earlier() async -> [EarlierClient] {
        let account = registry.known(name)
        var found = [account.flatMap { EarlierClient($0.vault.client, in: $0.settings.store) }]
        for kind in Set([settings.store, account?.settings.store].compactMap(\.self)) {
            // A store that cannot be read now keeps its record.
            let credential = try? await shared.stores[kind].reader.credential(of: name)
            found.append(EarlierClient(credential?.client, in: kind))
        }
        return found.compactMap(\.self).reduce(into: []) { known, client in
            if !known.contains(where: { $0.issuer == client.issuer && $0.id == client.id }) { known.append(client) }
        }
    }

    /// Deletes replaced clients at their providers: their management token is lost with the record. Does not wait for the
    /// replies.
    func deleteReplaced(_ earlier: [EarlierClient], by client: AccountVault.GrantedClient) async {
        for other in earlier where !other.isSame(as: client) { await revocations.deleteLater(other, of: name) }
    }
}
