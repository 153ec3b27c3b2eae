internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Print a fresh access token.",
        discussion: """
            Never starts a login: without one it exits with 3 at once. A token from memory needs neither the network \
            nor the keyring.
            """
    )

    @Argument(help: "The account's name.", transform: AccountName.argument)
    var account: AccountName

    @OptionGroup var options: TokenOptions

    @Option(help: ArgumentHelp("With these authorization details (RFC 9396).", valueName: "json|@file"))
    var authorizationDetails: String?

    @Option(
        help: ArgumentHelp(
            "Of a login with one of these authentication contexts; see 'login --elevate'. May be repeated.",
            valueName: "values"))
    var acr: [String] = []

    @Option(
        help: ArgumentHelp(
            "Give up after this time, from 0 to 40; a running refresh continues. 0: only a token from memory.",
            valueName: "seconds"))
    var wait: Int?

    @Flag(help: "Renew the token first, after a service has refused it; at most once a minute.")
    var renew = false

    @Flag(
        help: """
            The same for the refusal on standard input, as 'curl -si' prints it; exits with 3 and the command if only \
            another login helps.
            """)
    var rejected = false

    @Option(help: ArgumentHelp("The same for this value of the field WWW-Authenticate.", valueName: "text"))
    var challenge: String?

    @Flag(help: "Print the login's ID token instead; with --json beside the access token.")
    var idToken = false

    @Flag(help: "Print the agent's whole reply as JSON.")
    var json = false

    @Flag(help: "Print a header line: 'Authorization: Bearer …'.")
    var header = false

    func validate() throws {
        guard !(json && header) else { throw ValidationError("--json and --header exclude each other") }
        guard !(idToken && header) else { throw ValidationError("--id-token and --header exclude each other") }
        if let wait, !(0...Limits.longestWait).contains(wait) {
            throw ValidationError("--wait must be from 0 to \(Limits.longestWait) seconds")
        }
        guard !(renew && (rejected || challenge != nil)) else {
            throw ValidationError("--renew excludes --rejected and --challenge")
        }
        if !acr.isEmpty, let problem = AuthenticationContexts.problem(in: acrValues) {
            throw ValidationError("--acr \(problem)")
        }
    }

    private var acrValues: [String] { acr.flatMap { $0.split(separator: " ").map(String.init) } }

    private func request() throws -> TokenRequest {
        let details = try authorizationDetails.map {
            try JSONInput.read($0, option: "--authorization-details", is: .array)
        }
        var request = TokenRequest(
            minimumValidity: options.minValid, includesIDToken: idToken, target: try options.target(details: details),
            wait: wait)
        request.acrValues = acrValues
        return request
    }

    func run() throws {
        var asked = try request()
        // Before the agent is started: the response may be missing.
        let isRejected = rejected || challenge != nil
        let refusal = isRejected ? try challenge.map(ChallengeInput.check) ?? ChallengeInput.read() : nil
        let connection = try AgentConnection.open()
        if renew || isRejected { try reject(&asked, refusal, connection) }
        let reply = try connection.askAcrossRestart(.token(account, asked))
        if idToken, !json {
            guard let token = reply.idToken else {
                throw Failure("the agent sent no ID token", hint: "run 'authagent stop' if it is an older one")
            }
            Self.show(reply, .text(token))
        } else {
            if header, let problem = reply.noHeader { throw Failure(problem) }
            Self.show(reply, json ? .text(APIJSON.text(fixed: reply)) : header ? .header : .token)
        }
    }

    /// Reports the token as refused, and reduces the time limit of the request that follows by the time used.
    private func reject(_ asked: inout TokenRequest, _ challenge: String?, _ connection: AgentConnection) throws {
        var rejection = TokenRejection(of: asked.target)
        rejection.wwwAuthenticate = challenge
        rejection.acr = asked.acrValues.isEmpty ? nil : asked.acrValues.joined(separator: " ")
        var request = Request.rejectToken(account, rejection)
        let deadline = wait.map { Deadline(.seconds($0)) }
        if let wait { request.limit = .seconds(wait) }
        let reply: TokenRejectionReply
        do throws(AgentClientError) { reply = try connection.ask(request) } catch {
            guard error == .timeout, wait != nil else { throw error }
            throw Failure(Problem(.timeout, "the refresh takes too long", hint: "try again; the refresh continues"))
        }
        if reply.result == .stepUp { throw Self.stepUp(reply) }
        if let note = reply.note { Console.note(note) }
        if let command = reply.command { Console.note("if the service goes on refusing, run: \(command)") }
        try follow(reply, &asked)
        asked.wait = deadline.map { Int($0.milliseconds / 1000) }
    }

    /// Requests the token that satisfies the service, if it is another one than the refused.
    private func follow(_ reply: TokenRejectionReply, _ asked: inout TokenRequest) throws {
        let isNarrowed = asked.target != nil
        if let acr = reply.acr {
            guard !isNarrowed else { throw wider("a token of another login", ["--acr", acr]) }
            asked.acrValues = AuthenticationContexts.names(in: acr)
        } else if let scope = reply.scope {
            let scopes = scope.split(separator: " ").map(String.init)
            guard options.scope.isEmpty else {
                throw wider("the scopes '\(scope)'", scopes.flatMap { ["--scope", $0] })
            }
            do throws(TokenTarget.Invalid) {
                asked.target = try TokenTarget(
                    scopes: scopes, resources: options.resource, audience: options.audience,
                    authorizationDetails: asked.target?.authorizationDetails)
            } catch {
                throw Failure(AgentClientError.notUnderstood)
            }
        }
    }

    /// A service must not widen a token that the command line has narrowed: it would get more than it was meant to have.
    private func wider(_ what: String, _ arguments: [String]) -> Failure {
        var failure = Failure(
            "the service demands \(what), and the command requests a narrower token", code: .loginRequired)
        failure.command = (["authagent", "token", "\(account)"] + arguments).map(ShellWord.quoted).joined(
            separator: " ")
        return failure
    }

    /// Only another login satisfies the service.
    private static func stepUp(_ reply: TokenRejectionReply) -> Failure {
        var failure = Failure(
            reply.note ?? "the service requires another login of '\(reply.account)'",
            hint: "ask the owner of the agent for a login that satisfies the service", code: .loginRequired)
        failure.command = reply.command
        failure.problemCode = reply.result.rawValue
        return failure
    }

    /// The output format of a reply.
    enum Form {
        case token, header
        case text(String)
    }

    static func show(_ reply: TokenReply, _ form: Form) {
        if let note = reply.note { Console.note(note) }
        switch form {
        case .token: Console.print(reply.accessToken)
        case .header: Console.print("Authorization: \(reply.tokenType) \(reply.accessToken)")
        case .text(let text): Console.print(text)
        }
    }
}
