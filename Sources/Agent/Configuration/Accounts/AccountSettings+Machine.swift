public import AgentAPI
internal import Formats
public import OAuth

/// Accounts without a person: each token is requested anew (RFC 6749 §4.4, RFC 7523 §2.1, RFC 8693).
extension AccountSettings {
    /// `nil` for an account with a login.
    public var machineGrant: MachineGrant? { keys.machineGrant }
    public var clientAssertionFile: String? { keys.clientAssertionFile }
    public var assertionFile: String? { keys.assertionFile }
    public var assertionAccount: AccountName? { keys.assertionAccount }
    public var assertionSubject: String? { keys.assertionSubject }
    public var subjectAccount: AccountName? { keys.subjectAccount }
    public var subjectTokenFile: String? { keys.subjectTokenFile }
    public var subjectToken: SubjectTokenKind? { keys.subjectToken }
    public var requestedTokenType: TokenTypeIdentifier? { keys.requestedTokenType }
    public var actorAccount: AccountName? { keys.actorAccount }

    /// The account whose token this account's tokens are derived from; `nil` if they are derived from none.
    public var derivedFrom: AccountName? { subjectAccount ?? assertionAccount }

    /// The accounts whose tokens a request for this account's needs, with the keys that name them.
    var sources: [(key: String, account: AccountName)] {
        [
            ("subject_account", subjectAccount), ("assertion_account", assertionAccount),
            ("actor_account", actorAccount),
        ].compactMap { key, account in account.map { (key, $0) } }
    }

    public var sourceAccounts: Set<AccountName> { Set(sources.map(\.account)) }

    /// Whether the key of `client_key_file` signs the assertion of the grant, and not the client's.
    public var signsGrant: Bool { Self.signsGrant(keys) }

    /// The key file by which the client itself authenticates.
    public var clientsOwnKeyFile: String? {
        signsGrant && keys.clientAuthentication != .privateKeyJWT ? nil : clientKeyFile
    }

    private static func signsGrant(_ keys: AccountKeys) -> Bool {
        keys.machineGrant == .jwtBearer && keys.assertionFile == nil && keys.assertionAccount == nil
    }

    /// Whether a request may need a client secret that a login has put into the store. A machine without a keyring does
    /// without one where another proof is configured.
    public var mayNeedStoredSecret: Bool {
        guard clientID != nil, clientSecretFile == nil, clientAssertionFile == nil else { return false }
        switch clientAuthentication?.means {
        case .secret?: return true
        case .key?, .certificate?: return false
        case nil: return clientAuthentication == nil && clientKeyFile == nil
        }
    }

    /// Where the account keeps something; `nil` if nothing outlives the agent.
    public var usedStore: StoreKind? { machineGrant == nil || mayNeedStoredSecret ? store : nil }

    /// The preset's method of authentication, which is that of its logins.
    static func presetAuthentication(_ keys: AccountKeys, _ preset: ProviderPreset?) -> ClientAuthentication? {
        let hasOther =
            keys.clientID == nil || keys.clientKeyFile != nil || keys.clientAssertionFile != nil
        return keys.machineGrant != nil && hasOther ? nil : preset?.clientAuthentication
    }

    static func checkMachine(
        _ keys: AccountKeys, issuer: Issuer?, encoding: RequestEncoding
    ) throws(Invalid) {
        try checkAssertionFile(keys)
        if keys.assertionAudience == .issuer, issuer == nil {
            throw Invalid(
                key: "assertion_audience", problem: "the issuer as the audience needs an issuer",
                hint: "give the issuer as well")
        }
        try checkBelonging(keys)
        guard let grant = keys.machineGrant else { return }
        guard encoding.takesTarget else {
            throw Invalid(
                key: "grant", problem: "this provider does not know '\(grant.rawValue)'", hint: "leave it out")
        }
        try refuseKeysOfLogins(keys, grant)
        switch grant {
        case .clientCredentials: try checkClientCredentials(keys)
        case .jwtBearer: try checkAssertion(keys)
        case .tokenExchange: try checkExchange(keys)
        }
    }

    private static func checkAssertionFile(_ keys: AccountKeys) throws(Invalid) {
        for (key, path) in [
            ("client_assertion_file", keys.clientAssertionFile), ("assertion_file", keys.assertionFile),
            ("subject_token_file", keys.subjectTokenFile),
        ] {
            guard let path, !path.hasPrefix("/") else { continue }
            throw Invalid(key: key, problem: "the path is not absolute", hint: "give a path that starts with /")
        }
        guard keys.clientAssertionFile != nil else { return }
        guard keys.clientID != nil else {
            throw Invalid(
                key: "client_assertion_file", problem: "a client assertion needs a client id",
                hint: clientIDHint(keys.provider))
        }
        let other: String? =
            keys.clientSecretFile != nil
            ? "client_secret_file" : keys.clientKeyFile != nil && !signsGrant(keys) ? "client_key_file" : nil
        if let other {
            throw Invalid(
                key: "client_assertion_file", problem: "\(other) is set as well, and a client has one proof",
                hint: "leave out one of them")
        }
        guard let method = keys.clientAuthentication, method != .privateKeyJWT else { return }
        throw Invalid(
            key: "client_auth", problem: "'\(method.rawValue)' does not send an assertion from client_assertion_file",
            hint: "leave it out, or set it to private_key_jwt")
    }

    /// Refuses keys of another grant, which would have no effect.
    private static func checkBelonging(_ keys: AccountKeys) throws(Invalid) {
        let owned: [(MachineGrant, String, Bool)] = [
            (.jwtBearer, "assertion_file", keys.assertionFile != nil),
            (.jwtBearer, "assertion_account", keys.assertionAccount != nil),
            (.jwtBearer, "assertion_subject", keys.assertionSubject != nil),
            (.tokenExchange, "subject_account", keys.subjectAccount != nil),
            (.tokenExchange, "subject_token_file", keys.subjectTokenFile != nil),
            (.tokenExchange, "subject_token", keys.subjectToken != nil),
            (.tokenExchange, "requested_token_type", keys.requestedTokenType != nil),
            (.tokenExchange, "actor_account", keys.actorAccount != nil),
        ]
        for (grant, key, isSet) in owned where isSet && keys.machineGrant != grant {
            throw Invalid(
                key: key, problem: "it is for grant = \"\(grant.rawValue)\" only",
                hint: "add grant = \"\(grant.rawValue)\", or leave it out")
        }
    }

    /// Refuses what only a person's login has.
    private static func refuseKeysOfLogins(_ keys: AccountKeys, _ grant: MachineGrant) throws(Invalid) {
        let set: [(String, Bool)] = [
            ("renew", keys.renew != nil), ("login_hint", keys.loginHint != nil),
            ("redirect_uri", keys.redirectURI != nil), ("par", keys.par != nil),
            ("authorization_parameters", keys.authorizationParameters != nil),
            ("expected_subject", keys.expectedSubject != nil), ("keep_alive", keys.keepAlive != nil),
        ]
        guard let key = set.first(where: { $0.1 })?.0 else { return }
        throw Invalid(
            key: key, problem: "it is for a person's login, and '\(grant.rawValue)' has none", hint: "leave it out")
    }

    private static func checkClientCredentials(_ keys: AccountKeys) throws(Invalid) {
        // RFC 6749 §4.4: confidential clients only.
        guard keys.clientAuthentication == ClientAuthentication.none else { return }
        throw Invalid(
            key: "client_auth", problem: "'client_credentials' needs a client that authenticates",
            hint: "leave it out, and give --client-secret-file, client_key_file or client_assertion_file")
    }

    private static func checkAssertion(_ keys: AccountKeys) throws(Invalid) {
        if keys.assertionFile != nil, keys.assertionAccount != nil {
            throw Invalid(
                key: "assertion_account", problem: "assertion_file is set as well, and a request has one assertion",
                hint: "leave out one of them")
        }
        guard signsGrant(keys) else {
            guard keys.assertionSubject != nil else { return }
            throw Invalid(
                key: "assertion_subject", problem: "the agent signs no assertion where another one is given",
                hint: "leave it out, or set client_key_file instead")
        }
        guard keys.clientKeyFile != nil else {
            throw Invalid(
                key: "grant", problem: "'jwt_bearer' needs an assertion",
                hint: "set client_key_file (the agent signs it), assertion_file or assertion_account")
        }
        if keys.clientCertificateFile != nil {
            throw Invalid(
                key: "client_certificate_file", problem: "client_key_file signs the assertion of this grant",
                hint: "leave it out, or give the assertion with assertion_file")
        }
        guard let subject = keys.assertionSubject, !isPrintable(subject) else { return }
        throw Invalid(
            key: "assertion_subject", problem: "a subject has 1 to 512 bytes of printable text",
            hint: "give the user as the provider knows it, such as an email address")
    }

    private static func isPrintable(_ text: String) -> Bool {
        (1...512).contains(text.utf8.count) && DisplayText.clean(text, limit: 512) == text
    }

    private static func checkExchange(_ keys: AccountKeys) throws(Invalid) {
        switch (keys.subjectAccount, keys.subjectTokenFile) {
        case (nil, nil):
            throw Invalid(
                key: "grant", problem: "'token_exchange' needs a token to exchange",
                hint: "set subject_account to the account whose token it is, or subject_token_file")
        case (.some, .some):
            throw Invalid(
                key: "subject_token_file", problem: "subject_account is set as well, and one token is exchanged",
                hint: "leave out one of them")
        default: break
        }
        guard let actor = keys.actorAccount, actor == keys.subjectAccount else { return }
        throw Invalid(
            key: "actor_account", problem: "the actor is the subject itself", hint: "leave it out")
    }
}
