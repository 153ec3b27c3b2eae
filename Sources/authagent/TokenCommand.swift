internal import AgentAPI
internal import ArgumentParser

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Print a fresh access token.",
        discussion: """
            Never starts a login: without one it exits with 3 at once. A token from memory takes no network and no \
            keyring.
            """
    )

    @Argument(help: "The account's name.", transform: AccountName.argument)
    var account: AccountName

    @Option(
        help: ArgumentHelp("Renew the token unless it is valid for this long, from 0 to 86400.", valueName: "seconds"))
    var minValid: Int = Limits.defaultMinimumValidity

    @Option(help: ArgumentHelp("Only with this scope of the login's; may be repeated.", valueName: "scope"))
    var scope: [String] = []

    @Option(help: ArgumentHelp("For this resource (RFC 8707); may be repeated.", valueName: "uri"))
    var resource: [String] = []

    @Option(help: ArgumentHelp("For this audience.", valueName: "name"))
    var audience: String?

    @Flag(help: "Print the login's ID token instead; with --json beside the access token.")
    var idToken = false

    @Flag(help: "Print the agent's whole reply as JSON.")
    var json = false

    @Flag(help: "Print a header line: 'Authorization: Bearer …'.")
    var header = false

    func validate() throws {
        guard !(json && header) else { throw ValidationError("--json and --header exclude each other") }
        guard !(idToken && header) else { throw ValidationError("--id-token and --header exclude each other") }
        guard (0...Limits.largestMinimumValidity).contains(minValid) else {
            throw ValidationError("--min-valid is from 0 to \(Limits.largestMinimumValidity) seconds")
        }
        _ = try target()
    }

    private func target() throws -> TokenTarget? {
        do throws(TokenTarget.Invalid) {
            return try TokenTarget(scopes: scope, resources: resource, audience: audience)
        } catch {
            throw ValidationError("--\(error.parameter.rawValue) \(error.problem)")
        }
    }

    func run() throws {
        let asked = TokenRequest(minimumValidity: minValid, includesIDToken: idToken, target: try target())
        let path = Route.token(account).path + "?" + asked.query
        let response = try AgentConnection.open().request("GET", path, within: Limits.answerTime + .seconds(5))
        let reply = try response.decoded(TokenReply.self)
        if let note = reply.note { Console.note(note) }
        if json {
            Console.print(APIJSON.text(fixed: reply))
        } else if idToken {
            guard let token = reply.idToken else {
                throw Failure("the agent sent no ID token", hint: "is it older than this client? run 'authagent stop'")
            }
            Console.print(token)
        } else {
            Console.print(header ? "Authorization: \(reply.tokenType) \(reply.accessToken)" : reply.accessToken)
        }
    }
}
