internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct LoginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Log in, in a browser on any machine, or with a code on another device.",
        discussion: """
            The first time, give --provider or --issuer (or both endpoints) and --client-id; they are kept in the \
            account file, so that 'authagent login NAME' alone repeats the login. Without --client-id the agent has \
            the provider register a client, if it offers that. Options given later win over the account file, and \
            a login that succeeds rewrites it. Ctrl-C cancels a login. A lost terminal does not: run the \
            same command again to see the same code or address. Without --code, --device or --ciba the login is by \
            a code on another device where the provider offers that, otherwise in a browser.
            """
    )

    @Argument(help: "The account's name, of your choice.", transform: AccountName.argument)
    var account: AccountName

    /// Of `--paste -`.
    @Argument(help: .hidden)
    var input: String?

    @OptionGroup var provider: ProviderOptions
    @OptionGroup var client: ClientOptions

    @Option(help: ArgumentHelp("Request this scope; may be repeated.", valueName: "scope"))
    var scope: [String] = []

    @Option(
        help: ArgumentHelp(
            "Request tokens for this audience, if the provider needs it at the login.", valueName: "name"))
    var audience: String?

    @Option(help: ArgumentHelp("Request tokens for this resource (RFC 8707); may be repeated.", valueName: "uri"))
    var resource: [String] = []

    @OptionGroup var grant: GrantOptions
    @OptionGroup var machine: MachineOptions
    @OptionGroup var stepUp: StepUpOptions

    @Flag(
        help: """
            Give the pending login the address that the browser ended at, from standard input ('-' may follow).
            """)
    var paste = false

    @Flag(help: "For --paste: accept a code without its address and state; PKCE alone then protects the login.")
    var bareCode = false

    @Flag(help: "The browser is on this machine, and the agent on another: listen here for the browser.")
    var browserHere = false

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
        if client.usesInput, grant.userCode {
            throw ValidationError("only one secret can be read from standard input")
        }
        if paste, let other = Self.otherOption {
            throw ValidationError("--paste gives an address to the pending login, and goes without \(other)")
        }
        if bareCode, !paste { throw ValidationError("--bare-code is for --paste only") }
        if let input, !(paste && input == "-") {
            // The address may have a code, so it is not repeated.
            throw ValidationError(
                paste
                    ? "the address is not taken as an argument, which every user can read: give it on standard input"
                    : "there is an unexpected argument after the account's name")
        }
    }

    /// The first option on the command line that does not go with `--paste`.
    private static var otherOption: String? {
        let own = ["-", "--", "--paste", "--bare-code", "--json"]
        let other = CommandLine.arguments.dropFirst(2).first { $0.hasPrefix("-") && !own.contains($0) }
        return other.map { String($0.prefix { $0 != "=" }) }
    }

    func run() throws {
        if paste {
            let handover = ResponseHandover(account: account, allowsBareCode: bareCode)
            return try PasteReport(handover, asJSON: json).run()
        }
        let screen: any LoginScreen =
            json ? JSONLoginScreen() : TextLoginScreen(account: account, isBrowserHere: browserHere)
        do {
            try LoginSession(account, screen, isBrowserHere: browserHere).run(try request(screen))
        } catch let ended as LoginSession.Ended {
            throw Failure(ended.failure)
        } catch let failure as Failure {
            screen.couldNotWatch(failure)
            throw failure
        } catch let error as AgentClientError {
            screen.couldNotWatch(Failure(error))
            throw error
        }
    }

    private func request(_ screen: any LoginScreen) throws -> LoginRequest {
        var settings = LoginSettings(
            scopes: scope.isEmpty ? nil : scope, audience: audience, resources: resource.isEmpty ? nil : resource,
            store: store)
        provider.set(&settings)
        try client.set(&settings)
        try grant.set(&settings)
        machine.set(&settings)
        var request = LoginRequest(
            settings: settings, registrationToken: try client.registrationToken(), timeout: timeout,
            qrCode: screen.wantsQRCode ? true : nil)
        try stepUp.set(&request)
        if grant.userCode { request.userCode = try PassphraseInput.read("user code") }
        return request
    }
}
