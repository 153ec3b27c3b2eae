internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import Glibc
internal import System

struct LoginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Log in with a code that you approve on another device.",
        discussion: """
            The first time, give --provider or --issuer (or both endpoints) and --client-id; they are kept in the \
            account file, so that 'authagent login NAME' alone repeats the login. Without --client-id the agent has \
            the provider register a client, if it offers that. Options given later win over the account file, and \
            a login that succeeds rewrites it. Ctrl-C cancels a login. A lost terminal does not: run the \
            same command again to see the same code.
            """
    )

    @Argument(help: "The account's name, of your choice.", transform: AccountName.argument)
    var account: AccountName

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

    @Option(help: ArgumentHelp("The client id registered at the provider.", valueName: "id"))
    var clientId: String?

    @Option(
        help: ArgumentHelp(
            "Read the client secret from a file or standard input; it is kept in the store.",
            valueName: "file|-"))
    var clientSecretFile: String?

    @Option(
        help: ArgumentHelp(
            "Sign with the private key in this file, PEM or JWK; it is read for each request.",
            valueName: "file"))
    var clientKeyFile: String?

    @Option(help: ArgumentHelp("Use the certificate of the key, in this PEM file.", valueName: "file"))
    var clientCertificateFile: String?

    @Option(
        help: ArgumentHelp("The client authentication method, instead of a choice by metadata.", valueName: "method"))
    var clientAuth: String?

    @Flag(inversion: .prefixedNo, help: "Use PKCE always, or never; the default is if the provider requires it.")
    var pkce: Bool?

    @Option(
        help: ArgumentHelp(
            "Without a client id: read the initial access token for the registration.",
            valueName: "file|-"))
    var registrationTokenFile: String?

    @Option(help: ArgumentHelp("Request this scope; may be repeated.", valueName: "scope"))
    var scope: [String] = []

    @Option(
        help: ArgumentHelp(
            "Request tokens for this audience, if the provider needs it at the login.", valueName: "name"))
    var audience: String?

    @Option(help: ArgumentHelp("Request tokens for this resource (RFC 8707); may be repeated.", valueName: "uri"))
    var resource: [String] = []

    @Option(help: ArgumentHelp("Use this device authorization endpoint.", valueName: "url"))
    var deviceEndpoint: String?

    @Option(help: ArgumentHelp("Use this token endpoint.", valueName: "url"))
    var tokenEndpoint: String?

    @Option(help: ArgumentHelp("Use this revocation endpoint.", valueName: "url"))
    var revocationEndpoint: String?

    @Option(help: ArgumentHelp("Register a client at this endpoint.", valueName: "url"))
    var registrationEndpoint: String?

    @Option(
        help: ArgumentHelp(
            "Where to keep the refresh token: keyring (the default), sealed or memory.", valueName: "store"))
    var store: String?

    @Option(help: ArgumentHelp("Give up after this time, from 1 to 86400.", valueName: "seconds"))
    var timeout: Int?

    @Flag(help: "Print one JSON object per event.")
    var json = false

    func validate() throws {
        if let timeout, !(1...86_400).contains(timeout) {
            throw ValidationError("--timeout must be from 1 to 86400 seconds")
        }
        if let store, !["keyring", "sealed", "memory"].contains(store) {
            throw ValidationError("--store must be keyring, sealed or memory")
        }
        if clientSecretFile == "-", registrationTokenFile == "-" {
            throw ValidationError("only one secret can be read from standard input")
        }
    }

    func run() throws {
        let screen: any LoginScreen = json ? JSONLoginScreen() : TextLoginScreen(account: account)
        do {
            try watch(screen)
        } catch let failure as Failure {
            screen.couldNotWatch(failure)
            throw failure
        } catch let error as AgentClientError {
            screen.couldNotWatch(Failure(error))
            throw error
        } catch let ended as LoginEnded {
            throw Failure(ended.failure)
        }
    }

    private func watch(_ screen: any LoginScreen) throws {
        let secret = try clientSecretFile.map { try SecretInput.read($0, "client secret") }
        let token = try registrationTokenFile.map { try SecretInput.read($0, "registration token") }
        let connection = try AgentConnection.open()
        let request = LoginRequest(
            settings: settings(clientSecret: secret), registrationToken: token, timeout: timeout,
            qrCode: screen.wantsQRCode ? true : nil
        )
        // Blocked only now, so that Ctrl-C before the login exists just ends this program. SIGHUP keeps its default:
        // when the terminal is lost this program ends, and the login continues in the agent.
        let signals = SignalWatch([SIGINT, SIGTERM])
        try connection.begin(.login(account, request))
        let events = EventStream<LoginEventReader>(connection)
        while true {
            do {
                guard let event = try events.next(alarm: signals.descriptor) else { throw Self.agentEnded }
                screen.show(event)
                if case .done = event { return }
                if case .failed(let failure) = event { throw LoginEnded(failure: failure) }
            } catch AgentClientError.cancelled {
                if signals.take() != nil { try cancel() }
            }
        }
    }

    private func settings(clientSecret: String?) -> LoginSettings {
        let parameters = [
            "host": host, "tenant": tenant, "realm": realm, "application": application, "region": region,
            "start_url": startUrl,
        ].compactMapValues(\.self)
        var settings = LoginSettings(
            provider: provider, providerParameters: parameters.isEmpty ? nil : parameters, issuer: issuer,
            clientID: clientId, clientSecret: clientSecret, scopes: scope.isEmpty ? nil : scope, audience: audience,
            resources: resource.isEmpty ? nil : resource, store: store
        )
        settings.deviceEndpoint = deviceEndpoint
        settings.tokenEndpoint = tokenEndpoint
        settings.revocationEndpoint = revocationEndpoint
        settings.registrationEndpoint = registrationEndpoint
        settings.clientAuthentication = clientAuth
        settings.clientKeyFile = clientKeyFile.map(absolutePath)
        settings.clientCertificateFile = clientCertificateFile.map(absolutePath)
        settings.pkce = pkce
        return settings
    }

    /// The login failed, as the event stream reported.
    private struct LoginEnded: Error { let failure: LoginFailure }

    private static let agentEnded = Failure(
        "the agent ended while the login was pending", hint: "run the same command again", code: .agentUnreachable
    )

    /// Requests the cancellation; its event arrives on the first connection.
    private func cancel() throws {
        _ = try AgentConnection.open(startIfNeeded: false).ask(.cancelLogin(account))
    }
}
