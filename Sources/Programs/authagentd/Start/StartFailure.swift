internal import Glibc
internal import System

/// The reason why the daemon does not start, and the remedy, one line each.
struct StartFailure: FaultError {
    let fault: Fault
    /// Whether another agent runs already.
    let isInUse: Bool

    static let homeMissing = StartFailure(
        Fault("HOME is not set", hint: "set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME"))

    init(_ error: any Error) {
        if let failure = error as? StartFailure {
            self = failure
            return
        }
        switch error as? LocalSocketError {
        case .locked?, .inUse?: isInUse = true
        default: isInUse = false
        }
        fault =
            (error as? any FaultError)?.fault ?? Fault("\(error)", hint: "run 'authagent start', or see authagentd(8)")
    }

    /// The remedies, a line each.
    var hints: [Substring] { fault.hint.split(separator: "\n") }

    func print() {
        var text = "authagentd: error: \(fault.problem)\n" + hints.map { "authagentd: hint: \($0)\n" }.joined()
        text.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
