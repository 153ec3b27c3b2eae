public import AgentAPI
internal import Glibc

/// The reason for a failed call. `description` and `hint` are for the user.
public enum AgentClientError: Error, Equatable, Sendable {
    /// The agent refused the request; its `code` is stable.
    case problem(Problem)
    case pathTooLong(String, limit: Int)
    case pathNotAbsolute(String)
    /// The socket is missing, or no process listens on it.
    case notListening(String)
    /// The agent accepts no connections.
    case notAnswering(String)
    /// Another user's program listens at the agent's path. Nothing was sent to it.
    case foreignServer(String, user: UInt32)
    /// The agent did not answer in time.
    case timeout
    /// The connection ended before the answer was complete.
    case lost
    /// The reply does not follow the agent's protocol.
    case notAnAgent
    /// This version cannot decode the agent's answer.
    case notUnderstood
    /// The task was cancelled. A request that was sent may still be processed.
    case cancelled
    case system(call: String, path: String, errno: Int32)
}

extension AgentClientError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .problem(let problem): problem.detail
        case .pathTooLong(let path, let limit): "the socket path is longer than \(limit) bytes: \(path)"
        case .pathNotAbsolute(let path): "the socket path is not absolute: \(path)"
        case .notListening(let path): "no agent listens at \(path)"
        case .notAnswering(let path): "the agent at \(path) does not respond: it accepts no connections"
        case .foreignServer(let path, let user): "the program that listens at \(path) belongs to user \(user)"
        case .timeout: "the agent did not answer in time"
        case .lost: "the connection to the agent was lost"
        case .notAnAgent: "the program at the socket is not authagent"
        case .notUnderstood: "cannot read the agent's reply"
        case .cancelled: "the request was cancelled"
        case .system(let call, let path, let code): "\(call) \(path): \(String(cString: strerror(code)))"
        }
    }

    /// The command that repairs it, or what to check.
    public var hint: String? {
        switch self {
        case .problem(let problem): problem.hint
        case .pathTooLong: "set AUTHAGENT_SOCK or XDG_RUNTIME_DIR to a shorter path"
        case .pathNotAbsolute: "set AUTHAGENT_SOCK to a path that starts with /"
        case .notListening: "run 'authagent start'"
        case .notAnswering: "run 'authagent stop', and follow its hint if the agent does not end"
        case .foreignServer(_, let user):
            "run 'sudo -u \\#\(user) authagent ...' to use that user's agent; otherwise do not trust it, and set"
                + " AUTHAGENT_SOCK to a path in your own directory"
        case .timeout: "run 'authagent status', or 'authagent stop' to end it"
        case .lost: "run 'authagent status' to check that it is running"
        case .notAnAgent: "run 'authagent stop' and 'authagent start'"
        case .notUnderstood:
            "run 'authagent stop' if the agent is older than this client; the next command starts the new one"
        case .cancelled: nil
        case .system(_, let path, EACCES) where path.hasPrefix("/run/user/"):
            "unset XDG_RUNTIME_DIR if it is another user's"
        case .system(_, let path, EACCES), .system(_, let path, EPERM): "check who may write to \(path)"
        case .system(_, let path, _): "check \(path)"
        }
    }
}
