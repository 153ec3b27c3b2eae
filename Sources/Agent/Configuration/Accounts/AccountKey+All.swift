internal import AgentAPI
internal import OAuth

/// The table of account keys. A file is read in this order, so it decides which of two errors is reported.
extension AccountKey {
    package static let all: [AccountKey] =
        login + code + details + endpoints + client + machine + session + urls + dialect + [provider] + parameters

    private static let login = [
        AccountKey(.issuer, .url(Issuer.init(parsing:), \.text), \.issuer, from: \.issuer),
        AccountKey(.clientID, .text, \.clientID, from: \.clientID, isKept: true),
        AccountKey(.scopes, .list, \.scopes, from: \.scopes, isKept: true),
        AccountKey(.audience, .text, \.audience, from: \.audience),
        AccountKey(.resources, .list, \.resources, from: \.resources),
        AccountKey(.store, .choice, \.store, from: \.store, isKept: true),
    ]

    private static let code = [
        AccountKey(.grant, .grant, \.accountGrant, from: \.grant),
        AccountKey(.redirectURI, .redirectURI, \.redirectURI, from: \.redirectURI),
        AccountKey(.par, .boolean, \.par, from: \.par),
        AccountKey(.loginHint, .text, \.loginHint, from: \.loginHint),
        AccountKey(
            .authorizationParameters, .parameters, \.authorizationParameters, from: \.authorizationParameters, in: .end),
    ]

    private static let details = [
        // In the file only: a login of another program must not have the agent ask on the phone from then on.
        AccountKey("renew", .choice, \.renew),
        AccountKey(
            .authorizationDetails, .authorizationDetails, \.authorizationDetails, from: \.authorizationDetails),
    ]

    private static let endpoints = [
        AccountKey(.deviceEndpoint, endpoint, \.deviceEndpoint, from: \.deviceEndpoint),
        AccountKey(
            .authorizationEndpoint, endpoint, \.authorizationEndpoint, from: \.authorizationEndpoint),
        AccountKey(.tokenEndpoint, endpoint, \.tokenEndpoint, from: \.tokenEndpoint),
        AccountKey(.revocationEndpoint, endpoint, \.revocationEndpoint, from: \.revocationEndpoint),
        AccountKey(.registrationEndpoint, endpoint, \.registrationEndpoint, from: \.registrationEndpoint),
        // In the file only: a login of another program must not choose where the login's tokens are sent.
        AccountKey("sso_portal_url", endpoint, \.ssoPortal),
        AccountKey("sts_url", endpoint, \.sts),
    ]

    private static var endpoint: AccountValue<EndpointURL, String> { .url(EndpointURL.init(parsing:), \.text) }

    private static let client = [
        AccountKey(.clientAuthentication, .choice, \.clientAuthentication, from: \.clientAuthentication),
        AccountKey("client_secret_file", .text, \.clientSecretFile),
        AccountKey(.clientKeyFile, .text, \.clientKeyFile, from: \.clientKeyFile),
        AccountKey(.clientCertificateFile, .text, \.clientCertificateFile, from: \.clientCertificateFile),
        AccountKey(.clientAssertionFile, .text, \.clientAssertionFile, from: \.clientAssertionFile),
        AccountKey(.assertionAudience, .choice, \.assertionAudience, from: \.assertionAudience),
        AccountKey(.pkce, .proofKey, \.pkce, from: \.pkce),
    ]

    private static let machine = [
        AccountKey(.assertionFile, .text, \.assertionFile, from: \.assertionFile),
        AccountKey(.assertionSubject, .text, \.assertionSubject, from: \.assertionSubject),
        AccountKey(.subjectTokenFile, .text, \.subjectTokenFile, from: \.subjectTokenFile),
        AccountKey(.subjectToken, .choice, \.subjectToken, from: \.subjectToken),
        AccountKey(.requestedTokenType, .tokenType, \.requestedTokenType, from: \.requestedTokenType),
        // In the file only: a login of another program must not choose where another account's tokens are sent.
        AccountKey("assertion_account", .account, \.assertionAccount),
        AccountKey("subject_account", .account, \.subjectAccount),
        AccountKey("actor_account", .account, \.actorAccount),
    ]

    private static let session = [
        AccountKey("keep_alive", .duration, \.keepAlive, isKept: true),
        AccountKey("lock_after", .duration, \.lockAfter, isKept: true),
        AccountKey("lifetime", .duration, \.lifetime, isKept: true),
        AccountKey("warn_before", .duration, \.warnBefore, isKept: true),
        // The subject is meaningless at another provider, but dropping it would accept any subject.
        AccountKey("expected_subject", .text, \.expectedSubject, isKept: true),
    ]

    /// They say where the account's tokens are for, which a login at another provider does not change.
    private static let urls = [
        AccountKey("urls", .urls, \.urls, isKept: true),
        AccountKey("git_username", .text, \.gitUsername, isKept: true),
        AccountKey("registry_username", .text, \.registryUsername, isKept: true),
    ]

    private static let dialect = [
        AccountKey("scope_parameter", .text, \.scopeParameter),
        AccountKey("device_grant_type", .text, \.deviceGrantType),
        AccountKey("device_code_parameter", .text, \.deviceCodeParameter),
        AccountKey("device_parameters", .table, \.deviceParameters, in: .end),
        AccountKey("request_encoding", .choice, \.requestEncoding),
        AccountKey("refresh_ends_tokens", .boolean, \.refreshEndsTokens),
        AccountKey("believe_omitted_scope", .boolean, \.believeOmittedScope),
    ]

    /// Takes a login's parameters as well.
    private static let provider = AccountKey(
        LoginSettings.CodingKeys.provider.rawValue, .provider, set: { $0.provider = $1 }, get: { $0.preset.name },
        take: { (settings, keys) throws(AccountSettings.Invalid) in try keys.takeProvider(settings) }
    )

    /// The parameters of all presets.
    private static let parameters = ProviderPreset.parameterNames.map { name in
        AccountKey(
            name, .providerParameters, set: { $0.parameters[name] = $1 }, get: { $0.parameters[name] },
            take: { _, _ in }
        )
    }

    /// Creates a key that is a part of the provider.
    private init(
        _ name: String, _ member: LoginSettings.CodingKeys,
        set: @escaping @Sendable (inout AccountDraft, String?) -> Void,
        get: @escaping @Sendable (ProviderChoice) -> String?,
        take: @escaping @Sendable (LoginSettings, inout AccountKeys) throws(AccountSettings.Invalid) -> Void
    ) {
        let text = AccountValue<String, String>.text
        self.init(
            name: name, member: member, option: Self.option(for: name), place: .head,
            read: { (file, draft) throws(ConfigurationError) in set(&draft, try text.read(&file, name)) },
            lines: { $0.provider.flatMap(get).map { text.lines(name, $0) } ?? [] }, take: take, keep: nil)
    }
}
