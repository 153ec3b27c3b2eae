internal import AgentAPI
internal import ArgumentParser

/// The options of a login that say by which grant it is, and what that grant sends.
struct GrantOptions: ParsableArguments {
    @Flag(help: "Log in in a browser, on this machine or another one (authorization code).")
    var code = false

    @Flag(help: "Log in with a code that you enter on another device (device authorization).")
    var device = false

    @Flag(help: "Log in by a question on your phone (CIBA); needs --login-hint.")
    var ciba = false

    @Option(
        help: ArgumentHelp(
            "The grant by its name; without a person: client_credentials, jwt_bearer, token_exchange.",
            valueName: "grant"))
    var grant: String?

    @Flag(help: "For --ciba: ask for the code by which the provider knows that the question is yours; it is not kept.")
    var userCode = false

    @Option(help: ArgumentHelp("Who logs in, as the provider knows you, such as an e-mail address.", valueName: "who"))
    var loginHint: String?

    @Option(
        help: ArgumentHelp(
            "Where the provider sends the browser back to; without a port, any port of this machine.", valueName: "url")
    )
    var redirectUri: String?

    @Flag(
        inversion: .prefixedNo,
        help:
            "Use PKCE with --device, or never. With --code it is always used; --pkce requires that the provider says so."
    )
    var pkce: Bool?

    @Flag(inversion: .prefixedNo, help: "Push the authorization request always, or never; the default is if offered.")
    var par: Bool?

    @Option(
        help: ArgumentHelp(
            "Send this parameter in the authorization request, too; may be repeated.", valueName: "name=value"))
    var authorizationParameter: [String] = []

    @Option(help: ArgumentHelp("Request these authorization details (RFC 9396).", valueName: "json|@file"))
    var authorizationDetails: String?

    private static let grants = GrantKind.allCases.map(\.rawValue) + MachineGrant.allCases.map(\.rawValue)

    func validate() throws {
        guard [code, device, ciba, grant != nil].count(where: \.self) <= 1 else {
            throw ValidationError("--code, --device, --ciba and --grant exclude each other")
        }
        if let grant, !Self.grants.contains(grant) {
            throw ValidationError("--grant must be one of: " + Self.grants.joined(separator: ", "))
        }
        let names = authorizationParameter.map { $0.prefix { $0 != "=" } }
        guard authorizationParameter.allSatisfy({ $0.contains("=") }), !names.contains(""),
            Set(names).count == names.count
        else { throw ValidationError("--authorization-parameter must be NAME=VALUE, each name once") }
        if userCode, code || device { throw ValidationError("--user-code is for --ciba only") }
    }

    private static func pair(_ text: String) -> (String, String) {
        let name = text.prefix { $0 != "=" }
        return (String(name), String(text[name.endIndex...].dropFirst()))
    }

    private var kind: GrantKind? { code ? .code : device ? .device : ciba ? .ciba : nil }

    func set(_ settings: inout LoginSettings) throws {
        settings.grant = grant ?? kind?.rawValue
        settings.loginHint = loginHint
        settings.redirectURI = redirectUri
        settings.pkce = pkce
        settings.par = par
        if !authorizationParameter.isEmpty {
            settings.authorizationParameters = Dictionary(uniqueKeysWithValues: authorizationParameter.map(Self.pair))
        }
        settings.authorizationDetails = try authorizationDetails.map {
            try JSONInput.read($0, option: "--authorization-details", is: .array)
        }
    }
}
