internal import Accounts
internal import AgentAPI
internal import OAuth

/// What the agent's rules allow a program at most, where only the agent knows what it means: it depends on what the
/// login has, and on what the provider grants.
extension TokenRequest {
    /// Without scopes of its own, a request under a bound is for what the login has of it.
    func narrowed(to loginScope: [String]?, _ account: AccountName) throws(Problem) -> TokenRequest {
        guard let bound, target?.scopes.isEmpty ?? true else { return self }
        // Without a login there is nothing to narrow; with one that has no more than the bound, neither.
        guard let loginScope, loginScope.isEmpty || !bound.beyondGranted(loginScope).isEmpty else { return self }
        // A provider that has not said what it granted may know all that is allowed.
        let missing = loginScope.isEmpty ? [] : ScopeList.missing(bound.scopes, from: loginScope)
        var request = self
        do throws(TokenTarget.Invalid) {
            request.target = try TokenTarget(
                scopes: bound.scopes.filter { !missing.contains($0) }, resources: target?.resources ?? [],
                audience: target?.audience
            )
        } catch {
            throw Problem(.internalError, "the rules' scopes cannot be asked for: \(error.problem)")
        }
        guard let target = request.target, !target.scopes.isEmpty else { throw .nothingAllowed(account, bound) }
        return request
    }

    /// A token that can do more is not served, whatever was asked for: providers may ignore that (RFC 6749 §3.3).
    func requireWithinBound(_ granted: [String], _ account: AccountName) throws(Problem) {
        guard let bound else { return }
        let beyond = bound.beyondGranted(granted)
        if !beyond.isEmpty { throw .moreThanAllowed(beyond, account, bound) }
    }
}

extension AccountSettings {
    /// Whether a login with these settings asks for no more than the rules allow.
    func requireWithin(_ bound: ScopeBound?, _ account: AccountName) throws(Problem) {
        guard let bound else { return }
        guard !scopes.isEmpty else {
            throw Problem(
                .forbidden, "a login of '\(account)' names no scopes, and the rules do not allow all there are",
                hint: "name some of '\(bound.text)'", reason: "scope_not_allowed"
            )
        }
        let beyond = bound.beyondGranted(scopes)
        guard beyond.isEmpty else {
            throw Problem(
                .forbidden,
                "a login of '\(account)' would have the scope '\(beyond.shown)', which the rules do not allow",
                hint: "name no more than '\(bound.text)'", reason: "scope_not_allowed"
            )
        }
    }
}

extension ScopeBound {
    /// As providers write scopes. `offline_access` gives a token no rights (OpenID Connect Core 1.0 §11).
    fileprivate func beyondGranted(_ granted: [String]) -> [String] {
        ScopeList.extra(granted, beyond: scopes).filter { $0.lowercased() != "offline_access" }
    }

    fileprivate var text: String { scopes.shown }
}

extension [String] {
    fileprivate var shown: String { DisplayText.clean(joined(separator: " "), limit: 200) }
}

extension Problem {
    fileprivate static func nothingAllowed(_ account: AccountName, _ bound: ScopeBound) -> Problem {
        Problem(
            .scopeNotGranted, "the login of '\(account)' has none of the scopes that the rules allow: '\(bound.text)'",
            hint: "whoever owns the login adds one with 'authagent login \(account) --scope SCOPE'",
            reason: "no_allowed_scope"
        )
    }

    fileprivate static func moreThanAllowed(
        _ beyond: [String], _ account: AccountName, _ bound: ScopeBound
    ) -> Problem {
        Problem(
            .forbidden,
            "the provider of '\(account)' gives tokens that can do more than the rules allow: '\(beyond.shown)'",
            hint:
                "it does not narrow scopes; a second account that is logged in with '\(bound.text)' only has such tokens",
            reason: "scope_not_allowed"
        )
    }
}
