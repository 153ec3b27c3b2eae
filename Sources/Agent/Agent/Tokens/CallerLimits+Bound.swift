internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import OAuth
internal import Vault

/// The limits of the agent's rules that depend on the account's settings, the login's scopes and the provider's grant.
extension CallerLimits {
    /// Refuses a target that neither the rules nor the account allow, before a request to the provider.
    func requireAllowed(
        _ target: TokenTarget?, _ settings: AccountSettings, _ account: AccountName
    ) throws(Problem) {
        // The access portal gives credentials of every role for the token itself.
        if bound?.namesAWSRoles == true, settings.aws.portal != nil { throw .onlyAWSRoles(account) }
        if let foreign = bound?.beyond(target, own: settings.place) { throw .targetNotAllowed(foreign, account) }
        try requireAllowed(details: target?.details, account)
    }

    /// Returns the request narrowed to the login's scopes within the bound, if it names no scopes of its own.
    func narrowed(
        _ request: TokenRequest, to loginScope: [String]?, _ account: AccountName
    ) throws(Problem) -> TokenRequest {
        let target = request.target
        guard let bound = bound?.scopes, target?.scopes.isEmpty ?? true else { return request }
        // Nothing to narrow: without a login, or if its scopes are within the bound.
        guard let loginScope, loginScope.isEmpty || !bound.beyond(loginScope.withRights).isEmpty else { return request }
        let allowed = Set(loginScope).subtracting(bound.beyond(loginScope)).sorted()
        guard !allowed.isEmpty else { throw .nothingAllowed(account, bound, isLoginKnown: !loginScope.isEmpty) }
        var request = request
        do throws(TokenTarget.Invalid) {
            request.target = try TokenTarget(
                scopes: allowed, resources: target?.resources ?? [], audience: target?.audience,
                authorizationDetails: target?.authorizationDetails)
        } catch {
            throw Problem(.internalError, "the rules' scopes cannot be requested: \(error.problem)")
        }
        return request
    }

    /// Refuses a token with scopes beyond the bound, or with unknown ones: providers may ignore the requested scope
    /// (RFC 6749 §3.3), or omit `scope` against §5.1.
    func requireWithinBound(
        _ token: AccessToken, _ settings: AccountSettings, _ account: AccountName
    ) throws(Problem) {
        try requireWithinBound(token.detailTypes, account)
        guard let bound = bound?.scopes else { return }
        let known: [String]? =
            switch token.scopeOrigin {
            case .named: token.scope
            case .omitted where settings.believesOmittedScope: token.scope
            case .omitted(let most): most
            case .unclear: nil
            }
        let beyond = known.map { bound.beyond($0.withRights) }
        switch token.scopeOrigin {
        case .unclear: throw .scopeUnclear(account, bound)
        case .omitted where !settings.believesOmittedScope && beyond != []: throw .scopeOmitted(account)
        case .named, .omitted: if let beyond, !beyond.isEmpty { throw .moreThanAllowed(beyond, account, bound) }
        }
    }
}

extension AccountSettings {
    /// Refuses a login that would request more scopes than the rules allow.
    func requireWithin(_ bound: ScopeBound?, _ account: AccountName) throws(Problem) {
        guard let bound else { return }
        guard !scopes.isEmpty else {
            throw Problem(
                .forbidden, "a login of '\(account)' names no scopes, and the rules do not allow all scopes",
                hint: "name some of '\(bound.text)'", reason: "scope_not_allowed"
            )
        }
        let beyond = bound.beyond(scopes.withRights)
        guard beyond.isEmpty else {
            throw Problem(
                .forbidden,
                "a login of '\(account)' would have the scope '\(beyond.shown)', which the rules do not allow",
                hint: "name no more than '\(bound.text)'", reason: "scope_not_allowed"
            )
        }
    }
}

extension [String] {
    /// Without `offline_access`, which gives a token no rights (OpenID Connect Core 1.0 §11): it is for the refresh
    /// token, which no caller gets. Case-sensitive.
    fileprivate var withRights: [String] { filter { $0 != "offline_access" } }

    fileprivate var shown: String { DisplayText.clean(joined(separator: " "), limit: 200) }
}

extension ScopeBound {
    fileprivate var text: String { scopes.shown }
}

extension Problem {
    fileprivate static func nothingAllowed(
        _ account: AccountName, _ bound: ScopeBound, isLoginKnown: Bool
    ) -> Problem {
        Problem(
            .scopeNotGranted,
            isLoginKnown
                ? "the login of '\(account)' has none of the scopes that the rules allow: '\(bound.text)'"
                : "the scopes of the login of '\(account)' are not known, so it has none that the rules allow",
            hint: "the owner of the login adds one with 'authagent login \(account) --scope SCOPE'",
            reason: "no_allowed_scope"
        )
    }

    fileprivate static func moreThanAllowed(
        _ beyond: [String], _ account: AccountName, _ bound: ScopeBound
    ) -> Problem {
        Problem(
            .forbidden,
            "the provider of '\(account)' issues tokens with more scopes than the rules allow: '\(beyond.shown)'",
            hint: anotherAccount(bound), reason: "scope_not_allowed"
        )
    }

    fileprivate static func scopeUnclear(_ account: AccountName, _ bound: ScopeBound) -> Problem {
        Problem(
            .forbidden, "the provider of '\(account)' does not say clearly which scopes the token has",
            hint: anotherAccount(bound), reason: "scope_not_allowed"
        )
    }

    fileprivate static func scopeOmitted(_ account: AccountName) -> Problem {
        Problem(
            .forbidden,
            "the provider of '\(account)' does not say which scopes the token has, and the rules bound them",
            hint:
                "the owner logs in once more with 'authagent login \(account)' if the login is older than the rules; if the"
                + " provider never says it but grants what was requested, 'believe_omitted_scope = true' in the account file"
                + " believes it; see authagent.toml(5) for the risk",
            reason: "scope_not_allowed"
        )
    }

    private static func anotherAccount(_ bound: ScopeBound) -> String {
        "it does not narrow scopes; a second account with a login for '\(bound.text)' only has such tokens"
    }

    fileprivate static func onlyAWSRoles(_ account: AccountName) -> Problem {
        Problem(
            .forbidden, "the rules allow credentials of some AWS roles of '\(account)', and its token would give all",
            hint: "request credentials with 'authagent helper aws \(account) --account-id ID --role NAME'",
            reason: "only_aws_roles"
        )
    }

    fileprivate static func targetNotAllowed(_ foreign: TokenBound.Foreign, _ account: AccountName) -> Problem {
        let (what, key) =
            foreign.resources.first.map { ("resource '\(DisplayText.clean($0, limit: 200))'", "resources") }
            ?? ("audience '\(DisplayText.clean(foreign.audience ?? "", limit: 200))'", "audiences")
        return Problem(
            .forbidden, "the rules do not allow tokens of '\(account)' for the \(what)",
            hint: "leave it out for the account's own, or have the owner of the agent add it to '\(key)' of the rule",
            reason: "target_not_allowed"
        )
    }
}
