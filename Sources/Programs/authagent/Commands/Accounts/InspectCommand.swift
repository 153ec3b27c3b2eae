internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import Glibc

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show the content of a token, and check its signature.",
        discussion: """
            'inspect ACCOUNT' checks the account's access token and ID token, 'inspect -' a token from standard input. \
            The keys are those of the token's issuer, if an account has that issuer. A token is sent to its issuer \
            only. Exit code 1 if a signature is invalid, or if the provider reports that a token is not active.
            """
    )

    @Argument(help: ArgumentHelp("An account, or '-' for a token on standard input.", valueName: "account|-"))
    var target: String?

    @Option(
        help: ArgumentHelp("With '-': use this account's provider.", valueName: "name"),
        transform: AccountName.argument)
    var account: AccountName?

    @Flag(help: "Introspect a JWT too (RFC 7662); an opaque token always is.")
    var introspect = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard account == nil || target == "-" else { throw ValidationError("--account needs '-'") }
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
                "the signature is invalid: \(signature?.detail ?? "no key of the issuer verifies it")",
                hint: "do not trust this token"
            )
        case (_, .inactive?):
            Failure("the provider reports that the token is not active", hint: "discard it: expired, revoked or forged")
        case (.unreachable?, _):
            Failure(
                "cannot check the signature: \(signature?.detail ?? "no keys")", hint: "try again later",
                code: .providerUnreachable
            )
        case (_, .unreachable?):
            Failure(
                "cannot introspect the token: \(introspection?.detail ?? "no reply")", hint: "try again later",
                code: .providerUnreachable
            )
        default: nil
        }
    }
}
