/// The exit codes of the client; scripts depend on these numbers.
public enum ExitCode: Int32, Sendable {
    case ok = 0
    case failed = 1
    case usage = 2
    case loginRequired = 3
    case agentUnreachable = 4
    case forbidden = 5
    case providerUnreachable = 6
    case storeUnavailable = 7
}
