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

    func merged() throws(Problem) -> AccountSettings {
        guard known != nil || request.settings != nil else { throw .unknown(account) }
        var keys: AccountKeys
        do throws(AccountSettings.Invalid) { keys = try mergedKeys() } catch { throw problem(error) }
        // RFC 7523 as revised, and FAPI 2.0: an assertion for an endpoint could be used at another server.
        if known == nil, brought.issuer != nil, keys.provider == nil, keys.signsAssertions {
            keys.assertionAudience = keys.assertionAudience ?? .issuer
        }
        try checkSecrets(clientID: keys.clientID)
        let settings: AccountSettings
        do throws(AccountSettings.Invalid) { settings = try AccountSettings(keys) } catch { throw problem(error) }
        try checkSources(settings)
        return settings
    }

    /// Merges key by key; the request wins.
    private func mergedKeys() throws(AccountSettings.Invalid) -> AccountKeys {
        let before = known?.keys ?? AccountKeys()
        var keys = before
        try keys.take(brought)
        guard keys.provider != before.provider || (brought.issuer != nil && keys.issuer != known?.issuer) else {
            return keys
        }
        // Endpoints and dialect belong to the provider; client id and scopes may stay the same.
        keys = before.kept(at: keys.provider)
        try keys.take(brought)
        return keys
    }

    /// Refuses to have another account's tokens sent where its own file does not say.
    private func checkSources(_ settings: AccountSettings) throws(Problem) {
        guard let source = settings.sourceAccounts.min(), settings.tokenEndpoint != known?.tokenEndpoint else { return }
        throw Problem(
            .badRequest, "a login cannot have the tokens of '\(source)' sent to another endpoint",
            hint: "change token_endpoint in the account file of '\(account)', then run 'authagent reload'")
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

    private func problem(_ error: AccountSettings.Invalid) -> Problem {
        guard error.key == "client_id", brought.clientID == nil else {
            return Problem(.badRequest, error.problem, hint: error.hint)
        }
        return Problem(.badRequest, "'\(account)' has no client id", hint: error.hint)
    }
}
