internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import CEarlyProtection
internal import Glibc
internal import System

struct ExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run a command with a token or with credentials.",
        discussion: """
            The command gets what the options say: the token in its environment, a file in memory or a descriptor, or \
            the address of an endpoint for the libraries of AWS or Azure. Its exit code is that of this command, and it \
            ends by the same signal. Without a login it is not started.
            """
    )

    @Argument(help: "The account's name.", transform: AccountName.argument)
    var account: AccountName

    @Option(help: ArgumentHelp("Put the token into this variable; may be repeated.", valueName: "var"))
    var env: [String] = []

    @Option(
        help: ArgumentHelp(
            "Put the path of a file in memory, which always holds a fresh token, into this variable; may be repeated.",
            valueName: "var"))
    var file: [String] = []

    @Option(help: ArgumentHelp("Let the command read the token from this descriptor: 0, or 3 to 1023.", valueName: "n"))
    var fd: Int32?

    @Flag(help: "Serve credentials of a role to the libraries of AWS, at an address for this command alone.")
    var aws = false

    @Flag(help: "Serve tokens to the libraries of Azure as a managed identity, at an address for this command alone.")
    var azure = false

    @OptionGroup(title: "Options of --aws") var role: AWSRoleOptions

    @Option(
        help: ArgumentHelp(
            "Send the command this signal when the token has been renewed, after the file has it.", valueName: "signal")
    )
    var onRenew: String?

    @Flag(help: "When the token has been renewed, end the command with SIGTERM and start it anew.")
    var restart = false

    @OptionGroup var options: TokenOptions

    @Flag(help: "The login's ID token instead of the access token.")
    var idToken = false

    @Argument(parsing: .postTerminator, help: "The command and its arguments, after '--'.")
    var command: [String] = []

    private var givesToken: Bool { !env.isEmpty || !file.isEmpty || fd != nil }

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("the command is missing; give it after '--'") }
        guard givesToken || aws || azure else {
            throw ValidationError("give --env, --file, --fd, --aws or --azure, which say how the command gets a token")
        }
        for name in env + file where !Self.isVariable(name) {
            throw ValidationError("'\(Console.clean(name))' is not the name of a variable")
        }
        guard Set(env + file).count == env.count + file.count else {
            throw ValidationError("a variable is given twice")
        }
        if let fd, fd != 0, !(3...1023).contains(fd) { throw ValidationError("--fd must be 0, or from 3 to 1023") }
        guard !(aws && azure) else { throw ValidationError("--aws and --azure exclude each other") }
        if aws { _ = try role.request() }
        guard aws || role.isEmpty else { throw ValidationError("--account-id, --role and --role-arn need --aws") }
        try validateRenewal()
    }

    private func validateRenewal() throws {
        guard !(restart && onRenew != nil) else { throw ValidationError("--restart and --on-renew exclude each other") }
        guard givesToken || !restart else { throw ValidationError("--restart needs --env, --file or --fd") }
        guard !file.isEmpty || onRenew == nil else {
            throw ValidationError(
                "--on-renew needs --file, from which a running command can read the new token; --restart serves --env and --fd"
            )
        }
        if let onRenew, SignalName.number(of: onRenew) == nil {
            throw ValidationError("'\(Console.clean(onRenew))' is not a signal that can be sent, such as HUP")
        }
    }

    /// A name as the shell has it (POSIX.1-2017, XBD 3.235).
    private static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"): true
            default: false
            }
        }
    }

    func run() throws {
        let surroundings = CommandSurroundings(ignoresPipe: early_ignores_pipe() != 0, coreLimit: early_core_limit())
        let source = TokenSource(
            account: account, target: try options.target(), minimumValidity: options.minValid, isIDToken: idToken)
        var environment = CommandEnvironment()
        // First, so that a command whose account has no login is not started.
        let token = givesToken ? try source.token() : nil
        let endpoint = try endpoint()
        endpoint?.change(&environment)
        let delivery = TokenDelivery(
            variables: env, file: file.isEmpty ? nil : try TokenFile(), fileVariables: file, descriptor: fd)
        let launch = Launch(
            arguments: try commandArguments(), environment: environment, surroundings: surroundings,
            delivery: delivery)
        guard delivery.file != nil || endpoint != nil || restart || onRenew != nil else {
            throw launch.failure(try launch.command(token).become())
        }
        let renewal: Supervisor.Renewal =
            restart ? .restart : onRenew.flatMap(SignalName.number).map { .signal($0) } ?? .none
        Supervisor(launch, renewal, source: source, token: token, endpoint: endpoint).run()
    }

    private func endpoint() throws -> CloudEndpoint? {
        guard aws || azure else { return nil }
        let endpoint: CloudEndpoint
        if aws {
            endpoint = try .aws(account, try role.request())
        } else {
            endpoint = try .azure(account)
        }
        try endpoint.requireUsable()
        return endpoint
    }

    /// The command's arguments as the kernel has placed them: not every one is UTF-8.
    private func commandArguments() throws -> [UnsafeMutablePointer<CChar>?] {
        var count: Int32 = 0
        guard let all = early_arguments(&count), Int(count) > command.count,
            let mark = all[Int(count) - command.count - 1], strcmp(mark, "--") == 0
        else {
            throw Failure("the arguments of this process cannot be read")
        }
        return (0..<command.count).map { all[Int(count) - command.count + $0] } + [nil]
    }
}
