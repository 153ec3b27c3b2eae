internal import Accounts
public import AgentAPI

extension Agent {
    public func providers() -> ProviderList {
        ProviderList(providers: ProviderPreset.all.map(ProviderDescription.init))
    }
}

extension ProviderDescription {
    fileprivate init(_ preset: ProviderPreset) {
        self.init(
            name: preset.name,
            title: preset.title,
            parameters: preset.parameters.map {
                Parameter(name: $0.name, meaning: $0.meaning, standard: $0.standard)
            },
            issuer: preset.issuer,
            scopes: preset.scopes,
            offlineScope: preset.offlineScope,
            clientSecret: preset.clientSecret.rawValue,
            registration: preset.registration,
            notes: preset.notes,
            unverified: preset.unverified
        )
    }
}
