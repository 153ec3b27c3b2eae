internal import AgentAPI
internal import Glibc

/// The helpers: what this executable is to another program, whose contract each fulfils. Where they come from and what
/// each reads and prints is in authagent-helper(1).
enum Helper {
    case git, kubectl, docker, google, generic, cargo, go, terraform, keyring, mcp, sasl

    /// Those of `authagent helper`, for an error.
    static let names = [
        "git", "kubectl", "docker", "aws", "google", "generic", "cargo", "go", "terraform", "keyring", "mcp", "sasl",
    ]

    init?(named name: Bytes) {
        if name.equals("git") {
            self = .git
        } else if name.equals("kubectl") {
            self = .kubectl
        } else if name.equals("docker") {
            self = .docker
        } else if name.equals("google") {
            self = .google
        } else if name.equals("generic") {
            self = .generic
        } else if name.equals("cargo") {
            self = .cargo
        } else if name.equals("go") {
            self = .go
        } else if name.equals("terraform") {
            self = .terraform
        } else if name.equals("keyring") {
            self = .keyring
        } else if name.equals("mcp") {
            self = .mcp
        } else if name.equals("sasl") {
            self = .sasl
        } else {
            return nil
        }
    }

    /// `program`: the name of a link to this executable, as the tools look for it.
    init?(program: Bytes) {
        if program.equals("git-credential-authagent") {
            self = .git
        } else if program.equals("docker-credential-authagent") {
            self = .docker
        } else if program.equals("cargo-credential-authagent") {
            self = .cargo
        } else if program.equals("terraform-credentials-authagent") {
            self = .terraform
        } else if program.equals("keyring") {
            self = .keyring
        } else {
            return nil
        }
    }

    static let usageHint = "run 'authagent helper --help', or see authagent-helper(1)"

    /// The failure of a call with wrong arguments.
    static func misuse(_ message: String) -> Failure { Failure(message, hint: usageHint, code: .usage) }

    func run(_ arguments: HelperArguments) throws(Failure) {
        switch self {
        case .git: try GitHelper.run(arguments)
        case .kubectl: try KubectlHelper.run(arguments)
        case .docker: DockerHelper.run(arguments)
        case .google: GoogleHelper.run(arguments)
        case .generic: try GenericHelper.run(arguments)
        case .cargo: try CargoHelper.run(arguments)
        case .go: try GoHelper.run(arguments)
        case .terraform: try TerraformHelper.run(arguments)
        case .keyring: try KeyringHelper.run(arguments)
        case .mcp: try MCPHelper.run(arguments)
        case .sasl: try SASLHelper.run(arguments)
        }
    }
}

/// A command line that calls a helper: `authagent helper NAME …`, or a link with the name that a tool looks for.
struct HelperCall {
    private let helper: Helper
    private let arguments: HelperArguments

    /// `nil` for any other command line, and for one that asks for help.
    init?(count: Int32, _ arguments: UnsafePointer<UnsafeMutablePointer<CChar>?>) {
        guard count > 0, let program = arguments[0].map({ Bytes(UnsafePointer($0)) }) else { return nil }
        if let helper = Helper(program: Self.fileName(of: program)) {
            self.helper = helper
            self.arguments = HelperArguments(arguments, count: Int(count), used: 1)
            return
        }
        guard count > 2, let command = arguments[1], Bytes(UnsafePointer(command)).equals("helper"),
            let name = arguments[2], let helper = Helper(named: Bytes(UnsafePointer(name)))
        else { return nil }
        self.helper = helper
        self.arguments = HelperArguments(arguments, count: Int(count), used: 3)
        if self.arguments[0].equals("--help") || self.arguments[0].equals("-h") { return nil }
    }

    /// Runs the helper. A failure is one line on standard error, because the tools show it among their own.
    func run() {
        do throws(Failure) {
            try helper.run(arguments)
        } catch {
            Console.reportLine(error)
            exit(error.code.rawValue)
        }
    }

    private static func fileName(of path: Bytes) -> Bytes {
        var start = path.count
        while start > 0, path[start - 1] != UInt8(ascii: "/") { start -= 1 }
        return path.dropping(start)
    }
}
