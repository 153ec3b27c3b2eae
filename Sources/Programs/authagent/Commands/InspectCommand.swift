internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import Glibc

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what is in a token, and check its signature.",
        discussion: """
            'inspect ACCOUNT' looks at the account's own access token and ID token, 'inspect -' at one token from \
            standard input. The keys are those of the token's issuer, if an account here has it. A token is sent to \
            nobody but its issuer. Exits with 1 if a signature is wrong, or if the provider says that a token is not \
            active.
            """
    )

    @Argument(help: ArgumentHelp("An account, or '-' for a token on standard input.", valueName: "account|-"))
    var target: String?

    @Option(
        help: ArgumentHelp("With '-': the token is of this account's provider.", valueName: "name"),
        transform: AccountName.argument)
    var account: AccountName?

    @Flag(help: "Ask the provider about a JWT, too (RFC 7662); it is always asked about an opaque token.")
    var introspect = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard account == nil || target == "-" else { throw ValidationError("--account belongs to '-'") }
        if let target, target != "-" { _ = try AccountName.argument(target) }
    }

    func run() throws {
        var request = InspectRequest(introspect: introspect ? true : nil)
        let name: AccountName?
        let connection: AgentConnection
        if target == "-" {
            request.token = try TokenInput.read()
            connection = try AgentConnection.open()
            name = account
        } else {
            connection = try AgentConnection.open()
            name = try target.map(AccountName.argument) ?? onlyAccount(connection)
        }
        let reply = try connection.ask(.inspect(name, request))
        Console.print(json ? try APIJSON.text(reply) : InspectionText(reply, now: time(nil)).text)
        if let failure = reply.tokens.lazy.compactMap(\.failure).first { throw failure }
    }

    private func onlyAccount(_ connection: AgentConnection) throws -> AccountName {
        let accounts = try connection.ask(.status).accounts
        guard accounts.count == 1, let only = accounts.first else {
            throw Failure(
                accounts.isEmpty ? "there are no accounts" : "there are several accounts",
                hint: "run 'authagent inspect ACCOUNT', or 'authagent inspect -' with a token on standard input",
                code: .usage
            )
        }
        return only.account
    }
}

extension TokenInspection {
    /// The result as an exit code for scripts.
    fileprivate var failure: Failure? {
        switch (signature?.state, introspection?.state) {
        case (.invalid?, _):
            Failure(
                "the signature is invalid: \(signature?.detail ?? "no key of the issuer's made it")",
                hint: "do not use what this token says"
            )
        case (_, .inactive?):
            Failure("the provider says that the token is not active", hint: "it has expired, or is revoked or forged")
        case (.unreachable?, _):
            Failure(
                "the signature could not be checked: \(signature?.detail ?? "no keys")", hint: "try again later",
                code: .providerUnreachable
            )
        case (_, .unreachable?):
            Failure(
                "the provider could not be asked: \(introspection?.detail ?? "no answer")", hint: "try again later",
                code: .providerUnreachable
            )
        default: nil
        }
    }
}
