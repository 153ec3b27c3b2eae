public import AgentAPI
internal import OAuth

/// Logins that are approved on the user's phone (OpenID Connect CIBA Core 1.0).
extension AccountSettings {
    /// Whether the agent itself asks on the user's phone once the login has ended.
    public var renewsByCiba: Bool { keys.renew == .ciba }

    /// Returns the scopes that a login by this grant requests: CIBA requires `openid` (OpenID Connect CIBA Core 1.0 §7.1).
    public func scopes(for grant: GrantKind) -> [String] {
        grant == .ciba ? Self.withOpenID(scopes) : scopes
    }

    static func withOpenID(_ scopes: [String]) -> [String] {
        scopes.contains("openid") ? scopes : ["openid"] + scopes
    }

    /// Checks the keys of CIBA. `scopes` and `issuer` are those of the account.
    static func checkCiba(_ keys: AccountKeys, issuer: Issuer?) throws(Invalid) {
        let key = keys.grant == .ciba ? "grant" : keys.renew == .ciba ? "renew" : nil
        guard let key else { return }
        let use = "\(key) = \"ciba\""
        guard keys.loginHint != nil else {
            throw Invalid(
                key: key, problem: "\(use) needs a login hint: the provider must know whom to ask",
                hint: "give --login-hint WHO, the user as the provider knows it, such as an email address")
        }
        guard issuer != nil else {
            throw Invalid(
                key: key, problem: "\(use) needs an issuer: its metadata and its ID tokens",
                hint: "give the issuer as well")
        }
    }
}
