package import AgentAPI

extension AccountKeys {
    /// Takes over the settings that a login brings; the others stay.
    package mutating func take(_ settings: LoginSettings) throws(AccountSettings.Invalid) {
        for key in Self.brought { try key.take(settings, &self) }
        // The secret that the login brings is in the store.
        if settings.clientSecret != nil { clientSecretFile = nil }
    }

    /// Returns the keys that stay when a login changes the provider, with that provider.
    package func kept(at provider: ProviderChoice?) -> AccountKeys {
        var kept = AccountKeys(provider: provider)
        for key in AccountKey.all { key.keep?(self, &kept) }
        return kept
    }

    /// The keys that a login may bring. Its members are checked in the order in which `LoginSettings` has them.
    private static let brought = LoginSettings.CodingKeys.allCases.compactMap { member in
        AccountKey.all.first { $0.member == member }
    }

    /// Takes over the provider with its parameters. Earlier parameters are kept only if the provider stays the same.
    mutating func takeProvider(_ settings: LoginSettings) throws(AccountSettings.Invalid) {
        let before = provider
        guard let name = settings.provider ?? before?.preset.name else {
            guard let parameter = settings.providerParameters?.keys.sorted().first else { return }
            throw AccountSettings.Invalid(
                key: "provider", problem: "'\(parameter)' belongs to a provider",
                hint: "give --provider NAME as well")
        }
        var parameters = name == before?.preset.name ? before?.parameters ?? [:] : [:]
        parameters.merge(settings.providerParameters ?? [:]) { $1 }
        provider = try ProviderChoice(name, parameters: parameters)
    }
}
