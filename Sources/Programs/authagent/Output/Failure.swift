internal import AgentAPI
internal import AuthagentClient
internal import System

/// Why a command fails: one line, the remedy in another, and the exit code.
struct Failure: Error {
    var message: String
    var hint: String?
    var code: ExitCode
    /// The stable code behind it, for `--json`.
    var problemCode = "failed"

    init(_ message: String, hint: String? = nil, code: ExitCode = .failed) {
        self.message = message
        self.hint = hint
        self.code = code
    }

    init(_ problem: Problem) {
        self.init(problem.detail, hint: problem.hint, code: problem.code.exitCode)
        problemCode = problem.code.rawValue
    }

    /// A login that ended without a token. Only what trying again may cure, or the keyring, has an exit code of its own.
    init(_ failure: LoginFailure) {
        let code: ExitCode =
            switch Problem.Code(rawValue: failure.code) {
            case .providerUnreachable?: .providerUnreachable
            case .storeLocked?, .storeUnavailable?, .locked?: .storeUnavailable
            case .forbidden?: .forbidden
            default: .failed
            }
        self.init(failure.detail, hint: failure.hint, code: code)
        problemCode = failure.code
    }

    init(_ error: AgentClientError) {
        if case .problem(let problem) = error {
            self.init(problem)
        } else {
            self.init(error.description, hint: error.hint, code: .agentUnreachable)
            problemCode = "agent_unreachable"
        }
    }

    init(_ error: LocalSocketError) {
        self.init(error.description, hint: error.hint, code: .agentUnreachable)
        problemCode = "agent_unreachable"
    }

    /// What the argument parser says, in our style: lowercase, no full stop, one line.
    /// `command` is the subcommand whose arguments are wrong, if it got that far.
    init(usage text: String, command: String?) {
        let line = text.split(separator: "\n").first.map(String.init) ?? "the arguments are wrong"
        let body = line.hasSuffix(".") ? String(line.dropLast()) : line
        self.init(
            body.prefix(1).lowercased() + body.dropFirst(),
            hint: "run 'authagent \(command.map { $0 + " " } ?? "")--help', or see authagent(1)", code: .usage
        )
    }
}
