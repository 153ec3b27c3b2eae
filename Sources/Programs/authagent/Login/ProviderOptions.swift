internal import AgentAPI
internal import ArgumentParser

/// The options of a login that say which provider it is at, and where its endpoints are.
struct ProviderOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Use the preset of this provider; see 'authagent providers'.", valueName: "name"))
    var provider: String?

    @Option(help: ArgumentHelp("For --provider: the server's host name.", valueName: "host"))
    var host: String?

    @Option(help: ArgumentHelp("For --provider: the tenant.", valueName: "tenant"))
    var tenant: String?

    @Option(help: ArgumentHelp("For --provider: the realm.", valueName: "realm"))
    var realm: String?

    @Option(help: ArgumentHelp("For --provider: the application, if each has its own issuer.", valueName: "name"))
    var application: String?

    @Option(help: ArgumentHelp("For --provider: the region.", valueName: "region"))
    var region: String?

    @Option(help: ArgumentHelp("For --provider: the start URL of the access portal.", valueName: "url"))
    var startUrl: String?

    @Option(help: ArgumentHelp("The provider's issuer identifier.", valueName: "url"))
    var issuer: String?

    @Option(help: ArgumentHelp("Use this device authorization endpoint.", valueName: "url"))
    var deviceEndpoint: String?

    @Option(help: ArgumentHelp("Use this authorization endpoint.", valueName: "url"))
    var authorizationEndpoint: String?

    @Option(help: ArgumentHelp("Use this token endpoint.", valueName: "url"))
    var tokenEndpoint: String?

    @Option(help: ArgumentHelp("Use this revocation endpoint.", valueName: "url"))
    var revocationEndpoint: String?

    @Option(help: ArgumentHelp("Register a client at this endpoint.", valueName: "url"))
    var registrationEndpoint: String?

    func set(_ settings: inout LoginSettings) {
        let parameters = [
            "host": host, "tenant": tenant, "realm": realm, "application": application, "region": region,
            "start_url": startUrl,
        ].compactMapValues(\.self)
        settings.provider = provider
        settings.providerParameters = parameters.isEmpty ? nil : parameters
        settings.issuer = issuer
        settings.deviceEndpoint = deviceEndpoint
        settings.authorizationEndpoint = authorizationEndpoint
        settings.tokenEndpoint = tokenEndpoint
        settings.revocationEndpoint = revocationEndpoint
        settings.registrationEndpoint = registrationEndpoint
    }
}
