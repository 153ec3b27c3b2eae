internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import OAuth

/// The settings of a login: those that the request brings, over the account file's.
struct SettingsMerge {
    let account: AccountName
    let request: LoginRequest
    let known: AccountSettings?

    private var brought: LoginSettings { request.settings ?? LoginSettings() }

    /// Merges member by member; the request wins.
    func merged() throws(Problem) -> AccountSettings {
        guard known != nil || request.settings != nil else { throw .unknown(account) }
        var keys = known?.keys ?? AccountKeys()
        let provider = try provider()
        let issuer = try parse(brought.issuer, "issuer", Issuer.init(parsing:))
        if provider != keys.provider || (issuer != nil && issuer != known?.issuer) {
            // Endpoints and dialect belong to the provider; client id and scopes may stay the same.
            let before = keys
            keys = AccountKeys(
                provider: provider, clientID: before.clientID, scopes: before.scopes, store: before.store,
                keepAlive: before.keepAlive,
                // The subject is meaningless at another provider, but dropping it would accept any subject.
                expectedSubject: before.expectedSubject
            )
            (keys.lockAfter, keys.lifetime) = (before.lockAfter, before.lifetime)
        }
        keys.issuer = issuer ?? keys.issuer
        keys.clientID = brought.clientID ?? keys.clientID
        keys.scopes = brought.scopes ?? keys.scopes
        keys.audience = brought.audience ?? keys.audience
        keys.resources = brought.resources ?? keys.resources
        keys.deviceEndpoint = try endpoint(brought.deviceEndpoint, "device endpoint") ?? keys.deviceEndpoint
        keys.tokenEndpoint = try endpoint(brought.tokenEndpoint, "token endpoint") ?? keys.tokenEndpoint
        keys.revocationEndpoint =
            try endpoint(brought.revocationEndpoint, "revocation endpoint") ?? keys.revocationEndpoint
        keys.registrationEndpoint =
            try endpoint(brought.registrationEndpoint, "registration endpoint") ?? keys.registrationEndpoint
        keys.store = try choice(brought.store, "store", StoreKind.self) ?? keys.store
        if brought.clientSecret != nil { keys.clientSecretFile = nil }
        keys.clientAuthentication =
            try choice(brought.clientAuthentication, "client_auth", ClientAuthentication.self)
            ?? keys.clientAuthentication
        keys.clientKeyFile = brought.clientKeyFile ?? keys.clientKeyFile
        keys.clientCertificateFile = brought.clientCertificateFile ?? keys.clientCertificateFile
        keys.pkce = brought.pkce ?? keys.pkce
        try checkSecrets(clientID: keys.clientID)
        do throws(AccountSettings.Invalid) { return try AccountSettings(keys) } catch { throw problem(error) }
    }

    /// Refuses secrets that would not be used.
    private func checkSecrets(clientID: String?) throws(Problem) {
        if brought.clientSecret != nil, clientID == nil {
            throw Problem(
                .badRequest, "a client secret needs a client id",
                hint: "give --client-id ID as well"
            )
        }
        guard let token = request.registrationToken else { return }
        if clientID != nil {
            throw Problem(
                .badRequest, "'\(account)' has a client id, so there is nothing to register",
                hint: "leave out --registration-token-file, or --client-id and the account file's client_id"
            )
        }
        // The token is sent in a header (RFC 6750 §2.1).
        guard (1...TokenGrant.maximumTokenLength).contains(token.utf8.count), token.utf8.allSatisfy(\.isVisible) else {
            throw Problem(
                .badRequest, "the registration token is empty or has invalid characters",
                hint: "give the token and nothing else"
            )
        }
    }

    /// Returns the provider. Parameters are kept only if the provider stays the same.
    private func provider() throws(Problem) -> ProviderChoice? {
        let before = known?.keys.provider
        guard let name = brought.provider ?? before?.preset.name else {
            guard let parameter = brought.providerParameters?.keys.sorted().first else { return nil }
            throw Problem(
                .badRequest, "'\(parameter)' belongs to a provider", hint: "give --provider NAME as well"
            )
        }
        var parameters = name == before?.preset.name ? before?.parameters ?? [:] : [:]
        parameters.merge(brought.providerParameters ?? [:]) { $1 }
        do throws(AccountSettings.Invalid) { return try ProviderChoice(name, parameters: parameters) } catch {
            throw problem(error)
        }
    }

    private func problem(_ error: AccountSettings.Invalid) -> Problem {
        guard error.key == "client_id", brought.clientID == nil else {
            return Problem(.badRequest, error.problem, hint: error.hint)
        }
        return Problem(.badRequest, "'\(account)' has no client id", hint: error.hint)
    }

    private func endpoint(_ text: String?, _ what: String) throws(Problem) -> EndpointURL? {
        try parse(text, what, EndpointURL.init(parsing:))
    }

    private func parse<Value>(
        _ text: String?, _ what: String, _ parser: (String) throws(URLRejection) -> Value
    ) throws(Problem) -> Value? {
        guard let text else { return nil }
        do throws(URLRejection) { return try parser(text) } catch {
            throw Problem(
                .badRequest,
                "the \(what) is not usable: \(error.description)",
                hint: "give an https URL, or http on this machine's loopback address only"
            )
        }
    }

    private func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ text: String?, _ what: String, _ type: Value.Type
    ) throws(Problem) -> Value? {
        guard let text else { return nil }
        guard let value = Value(rawValue: text) else {
            let all = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(.badRequest, "there is no \(what) '\(text)'", hint: "choose one of: \(all)")
        }
        return value
    }
}
