internal import AgentAPI
internal import AuthagentClient
internal import System

/// The failure of a command: one line of error, one of remedy, and the exit code.
struct Failure: Error {
    var message: String
    var hint: String?
    /// A command line of the agent's that repairs it, which is not cut; instead of the hint.
    var command: String?
    var code: ExitCode
    /// The stable error code, for `--json`.
    var problemCode = "failed"
    /// The problem's more specific code.
    var reason: String?

    init(_ message: String, hint: String? = nil, code: ExitCode = .failed) {
        self.message = message
        self.hint = hint
        self.code = code
    }

    init(_ problem: Problem) {
        self.init(problem.detail, hint: problem.hint, code: problem.code.exitCode)
        (problemCode, reason) = (problem.code.rawValue, problem.reason)
    }

    /// A login that ended without a token. Only failures that a retry may cure, and those of the keyring, have exit
    /// codes of their own.
    init(_ failure: LoginFailure) {
        let code: ExitCode =
            switch Problem.Code(rawValue: failure.code) {
            case .providerUnreachable?: .providerUnreachable
            case .storeLocked?, .storeUnavailable?, .locked?: .storeUnavailable
            case .forbidden?: .forbidden
            case nil where failure.code == Problem.subjectLoginRequired: .loginRequired
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

    init(any error: any Error) {
        if let failure = error as? Failure {
            self = failure
        } else if let error = error as? AgentClientError {
            self.init(error)
        } else {
            self.init("\(error)")
        }
    }

    init(_ fault: Fault, code: ExitCode = .failed) { self.init(fault.problem, hint: fault.hint, code: code) }

    init(_ error: LocalSocketError) {
        self.init(error.fault, code: .agentUnreachable)
        problemCode = "agent_unreachable"
    }

    /// An error of the argument parser in our style: lowercase, one line, no full stop. `command` is the subcommand, if
    /// it was recognized.
    init(usage text: String, command: String?) {
        let line = text.split(separator: "\n").first.map(String.init) ?? "the arguments are invalid"
        let body = line.hasSuffix(".") ? String(line.dropLast()) : line
        self.init(
            body.prefix(1).lowercased() + body.dropFirst(),
            hint: "run 'authagent \(command.map { $0 + " " } ?? "")--help', or see authagent(1)", code: .usage
        )
    }
}
