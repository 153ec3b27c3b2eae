internal import Audit
internal import Configuration
internal import Glibc
internal import SealedStorage
internal import System

/// The reason why the daemon does not start, and the remedy, one line each.
struct StartFailure: Error {
    let problem: String
    let hint: String
    /// Whether another agent runs already.
    let isInUse: Bool

    static let homeMissing = StartFailure(
        problem: "HOME is not set", hint: "set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME", isInUse: false
    )

    private init(problem: String, hint: String, isInUse: Bool) {
        self.problem = problem
        self.hint = hint
        self.isInUse = isInUse
    }

    init(_ error: any Error) {
        if let failure = error as? StartFailure {
            self = failure
            return
        }
        switch error as? LocalSocketError {
        case .locked?, .inUse?: isInUse = true
        default: isInUse = false
        }
        switch error {
        case let error as ConfigurationError: (problem, hint) = (error.description, error.hint)
        case let error as AuditFileFailure: (problem, hint) = (error.description, error.hint)
        case let error as FileFailure: (problem, hint) = (error.description, error.hint)
        case let error as LocalSocketError: (problem, hint) = (error.description, error.hint)
        case let error as Installation.Incomplete: (problem, hint) = (error.description, error.hint)
        default: (problem, hint) = ("\(error)", "run 'authagent start', or see authagentd(8)")
        }
    }

    func print() {
        var text = "authagentd: error: \(problem)\nauthagentd: hint: \(hint)\n"
        text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
