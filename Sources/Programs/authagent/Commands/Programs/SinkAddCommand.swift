internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient

struct SinkAddCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Keep a fresh token of an account in a file.",
        discussion: """
            Prints the path of the file. Only this user can read it, unless a group is given. It has no line feed at its \
            end unless --newline is given.
            """
    )

    @Argument(help: "The account.", transform: AccountName.argument)
    var account: AccountName

    @Option(help: "The file (default: one with the account's name, in memory).")
    var path: String?

    @Option(help: "access_token, id_token, header, env or json (default: access_token).")
    var what: String?

    @Option(help: ArgumentHelp("The variable, for --what env.", valueName: "name"))
    var variable: String?

    @Option(
        name: .customLong("scope"),
        help: ArgumentHelp("A scope of the token, repeatable (default: those of the login).", valueName: "scope"))
    var scopes: [String] = []

    @Option(help: "The audience of the token.")
    var audience: String?

    @Option(help: "0600, or 0640 with --group (default: one of these).")
    var mode: String?

    @Option(help: "The group that may read the file.")
    var group: String?

    @Option(help: ArgumentHelp("The lifetime that the token always has left (default: 300).", valueName: "seconds"))
    var minValid: Int?

    @Flag(help: "End the file with a line feed.")
    var newline = false

    @Flag(help: "Write a second file, PATH.meta, with the account and the expiry.")
    var meta = false

    @Option(
        parsing: .remaining,
        help: ArgumentHelp(
            "Run this program with its arguments after each change; give it last.", valueName: "program"))
    var onChange: [String] = []

    func validate() throws {
        if let what, SinkContentKind(rawValue: what) == nil {
            let known = SinkContentKind.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--what must be one of: \(known)")
        }
        guard (what == SinkContentKind.env.rawValue) == (variable != nil) else {
            throw ValidationError(
                variable == nil ? "--what env needs --variable NAME" : "--variable NAME is for --what env only")
        }
        if what == SinkContentKind.idToken.rawValue, !scopes.isEmpty || audience != nil {
            throw ValidationError("an ID token is the login's: leave --scope and --audience out")
        }
        if let mode {
            let modes = group == nil ? ["0400", "0600"] : ["0400", "0440", "0600", "0640"]
            guard modes.contains(mode) else {
                let isGroups = ["0440", "0640"].contains(mode)
                throw ValidationError(
                    isGroups
                        ? "--mode \(mode) needs --group NAME"
                        : "--mode must be one of: \(modes.joined(separator: ", "))")
            }
        }
        if let minValid, !(0...Limits.largestMinimumValidity).contains(minValid) {
            throw ValidationError("--min-valid must be from 0 to \(Limits.largestMinimumValidity)")
        }
        if let program = onChange.first, !program.hasPrefix("/") {
            throw ValidationError("--on-change needs the absolute path of a program, and not '\(program)'")
        }
    }

    func run() throws {
        var sink = SinkRequest(account: account)
        sink.path = path.map(absolutePath)
        sink.what = what.flatMap(SinkContentKind.init)
        sink.variable = variable
        sink.scopes = scopes.isEmpty ? nil : scopes
        sink.audience = audience
        sink.mode = mode
        sink.group = group
        sink.minimumValidity = minValid
        sink.newline = newline ? true : nil
        sink.meta = meta ? true : nil
        sink.onChange = onChange.isEmpty ? nil : onChange
        let status = try AgentConnection.open().ask(.addSink(sink))
        if let detail = status.detail {
            Console.note("\(detail)\(status.hint.map { ": \($0)" } ?? "")")
        }
        Console.print(status.path)
    }
}
