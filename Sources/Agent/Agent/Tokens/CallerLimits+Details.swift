internal import Advice
internal import AgentAPI
internal import Configuration
internal import Formats
internal import OAuth
internal import Vault

/// Authorization details (RFC 9396) under a rule's bound: they give rights beside the scopes, so a rule that bounds
/// anything must name their types.
extension CallerLimits {
    /// Refuses requested details of a type that the rules do not allow, before a request to the provider.
    func requireAllowed(details: AuthorizationDetails?, _ account: AccountName) throws(Problem) {
        guard let beyond = beyond(details?.types) else { return }
        throw Problem(
            .forbidden,
            "the rules do not allow tokens of '\(account)' with authorization details of the type '\(beyond)'",
            hint: "leave them out, or have the owner of the agent add the type to 'authorization_types' of the rule",
            reason: Self.reason)
    }

    /// Refuses a token with details beyond the bound, or with unreadable ones (`nil`). A token without a target has those
    /// of the login: no request can leave them out (RFC 9396 §6).
    func requireWithinBound(_ detailTypes: [String]?, _ account: AccountName) throws(Problem) {
        guard bound?.authorizationTypes != nil else { return }
        guard let detailTypes else {
            throw Problem(
                .forbidden, "the provider of '\(account)' names authorization details that cannot be read",
                hint: "the rules bound them; have the owner of the agent request the token", reason: Self.reason)
        }
        guard let beyond = beyond(detailTypes) else { return }
        throw Problem(
            .forbidden,
            "the login of '\(account)' has authorization details of the type '\(beyond)', which the rules do not allow",
            hint: "the owner of the agent adds the type to 'authorization_types' of the rule; a second account without"
                + " them has other tokens",
            reason: Self.reason)
    }

    /// Refuses a login that would request details beyond the bound.
    func requireAllowedLogin(_ settings: AccountSettings, _ account: AccountName) throws(Problem) {
        guard let beyond = beyond(settings.authorizationDetails?.types) else { return }
        throw Problem(
            .forbidden,
            "a login of '\(account)' would have authorization details of the type '\(beyond)', which the rules do not"
                + " allow",
            hint: "the owner of the agent adds the type to 'authorization_types' of the rule", reason: Self.reason)
    }

    private static let reason = "details_not_allowed"

    /// Returns the types beyond the bound as text; `nil` if there are none.
    private func beyond(_ types: [String]?) -> String? {
        guard let bound, let types else { return nil }
        let beyond = bound.beyond(types: types)
        return beyond.isEmpty ? nil : DisplayText.clean(beyond.joined(separator: "', '"), limit: 200)
    }
}
