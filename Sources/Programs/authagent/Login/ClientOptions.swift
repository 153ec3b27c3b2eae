internal import AgentAPI
internal import ArgumentParser

/// The options of a login that say which OAuth client it is for, and how that proves itself.
struct ClientOptions: ParsableArguments {
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
        help: ArgumentHelp(
            "Authenticate with the assertion (a JWT) that another program writes into this file; read for each request.",
            valueName: "file"))
    var clientAssertionFile: String?

    @Option(
        help: ArgumentHelp(
            "Sign assertions for this audience: token_endpoint or issuer.", valueName: "audience"))
    var assertionAudience: String?

    @Option(
        help: ArgumentHelp("The client authentication method, instead of a choice by metadata.", valueName: "method"))
    var clientAuth: String?

    @Option(
        help: ArgumentHelp(
            "Without a client id: read the initial access token for the registration.",
            valueName: "file|-"))
    var registrationTokenFile: String?

    func validate() throws {
        if clientSecretFile == "-", registrationTokenFile == "-" {
            throw ValidationError("only one secret can be read from standard input")
        }
    }

    /// Whether a secret is read from standard input.
    var usesInput: Bool { clientSecretFile == "-" || registrationTokenFile == "-" }

    func set(_ settings: inout LoginSettings) throws {
        settings.clientID = clientId
        settings.clientSecret = try clientSecretFile.map { try SecretInput.read($0, "client secret") }
        settings.clientKeyFile = clientKeyFile.map(absolutePath)
        settings.clientCertificateFile = clientCertificateFile.map(absolutePath)
        settings.clientAuthentication = clientAuth
        settings.clientAssertionFile = clientAssertionFile.map(absolutePath)
        settings.assertionAudience = assertionAudience
    }

    func registrationToken() throws -> String? {
        try registrationTokenFile.map { try SecretInput.read($0, "registration token") }
    }
}
