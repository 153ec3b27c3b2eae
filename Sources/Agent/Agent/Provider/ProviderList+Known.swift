public import AgentAPI
internal import Configuration
internal import OAuth

extension ProviderList {
    /// Every preset of this program.
    public static var known: ProviderList {
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
            metadata: preset.hasMetadata,
            endpoints: ProviderEndpointList(
                device: preset.deviceEndpoint, token: preset.tokenEndpoint, revocation: preset.revocationEndpoint,
                registration: preset.registrationEndpoint, authorization: preset.authorizationEndpoint
            ),
            scopes: preset.scopes,
            offlineScope: preset.offlineScope,
            clientSecret: preset.clientSecret.rawValue,
            clientAuthentication: (preset.clientAuthentication ?? preset.dialect.encoding.clientAuthentication)?
                .rawValue,
            requests: ProviderRequests(preset.dialect),
            codeFlow: preset.codeFlow.map(ProviderCodeFlow.init),
            refreshEndsTokens: preset.refreshEndsTokens,
            believesOmittedScope: preset.believesOmittedScope,
            registration: preset.registration,
            notes: preset.notes,
            unverified: preset.unverified + (preset.codeFlow?.unverified ?? [])
        )
    }
}

extension ProviderCodeFlow {
    fileprivate init(_ flow: ProviderPreset.CodeFlow) {
        self.init(
            publicClients: flow.publicClients, redirectURI: flow.redirectURI, variablePort: flow.variablePort,
            authorizationParameters: flow.parameters)
    }
}

extension ProviderRequests {
    fileprivate init(_ dialect: RequestDialect) {
        let pkce: Bool? =
            switch dialect.proofKey {
            case .whenAsked: nil
            case .always: true
            case .never: false
            }
        self.init(
            scopeParameter: dialect.scopeParameter,
            deviceGrantType: dialect.deviceGrantType,
            deviceCodeParameter: dialect.deviceCodeParameter,
            deviceParameters: dialect.deviceParameters,
            encoding: dialect.encoding.rawValue,
            pkce: pkce,
            assertionAudience: dialect.assertionAudience.rawValue
        )
    }
}
