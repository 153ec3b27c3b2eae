public import AgentAPI
public import OAuth

extension ProviderPreset {
    /// What is known of accounts without a person at a provider. A key of the account file wins.
    public struct Machine: Equatable, Sendable {
        /// The grant of a preset that has no login; `nil` for one that has.
        public var grant: MachineGrant?
        /// What is exchanged, if a file has it.
        public var subjectToken: SubjectTokenKind?
        public var requestedTokenType: TokenTypeIdentifier?
        public var scopes: [String] = []
    }

    /// `nil` if nothing is known.
    public var machine: Machine? { Self.machines[name] }

    private static let machines: [String: Machine] = [
        // Reference of the Security Token Service, "Method: token": the type and a scope are required.
        "google-federation": Machine(
            grant: .tokenExchange, subjectToken: .jwt, requestedTokenType: .accessToken,
            scopes: ["https://www.googleapis.com/auth/cloud-platform"])
    ]

    /// Providers without logins: clouds that take another issuer's token for one of their own.
    static let federations: [ProviderPreset] = [
        ProviderPreset(
            name: "google-federation", title: "Google Cloud, workload identity federation",
            issuer: "https://sts.googleapis.com", hasMetadata: false,
            tokenEndpoint: "https://sts.googleapis.com/v1/token", clientSecret: .none,
            registration: "none is needed: create a workload identity pool, see authagent-federation(7)",
            notes: "Exchanges the JWT of --subject-token-file; --audience names the pool's provider. There is no "
                + "client, no login and no revocation endpoint.",
            unverified: ["issuer", "token_endpoint", "scopes"])
    ]
}

extension AccountKeys {
    /// The keys with those that the preset has for accounts without a person.
    func completed(by preset: ProviderPreset?) -> AccountKeys {
        guard let machine = preset?.machine else { return self }
        var keys = self
        if keys.accountGrant == nil { keys.accountGrant = machine.grant.map(AccountGrant.machine) }
        guard keys.machineGrant == machine.grant else { return self }
        if keys.subjectTokenFile != nil { keys.subjectToken = keys.subjectToken ?? machine.subjectToken }
        keys.requestedTokenType = keys.requestedTokenType ?? machine.requestedTokenType
        keys.scopes = keys.scopes ?? machine.scopes
        return keys
    }
}
