public import AgentAPI
internal import Glibc

/// Why the agent gave no answer, or what it answered instead. For people there is `description` and the remedy in `hint`.
public enum AgentClientError: Error, Equatable, Sendable {
    /// The agent refused; its `code` is stable.
    case problem(Problem)
    case pathTooLong(String, limit: Int)
    case pathNotAbsolute(String)
    /// Nobody listens: there is no socket, or a dead one.
    case notListening(String)
    /// Somebody listens, but takes no more connections: it hangs.
    case notAnswering(String)
    /// Somebody else's program answers at the agent's path. It has been told nothing.
    case foreignServer(String, user: UInt32)
    /// The agent has not answered in time.
    case timeout
    /// The connection ended before the answer did.
    case lost
    /// What answers does not speak as the agent does.
    case notAnAgent
    /// The agent's answer is not what this version expects.
    case notUnderstood
    /// The task was cancelled. A request that had been sent may be carried out all the same.
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
        case .notAnswering(let path): "the agent at \(path) hangs: it takes no connections"
        case .foreignServer(let path, let user): "the program that answers at \(path) belongs to user \(user)"
        case .timeout: "the agent did not answer in time"
        case .lost: "the connection to the agent was lost"
        case .notAnAgent: "what answers at the socket is no agent"
        case .notUnderstood: "the agent's reply is not understood"
        case .cancelled: "the request was cancelled"
        case .system(let call, let path, let code): "\(call) \(path): \(String(cString: strerror(code)))"
        }
    }

    /// The command that repairs it, or what to look at.
    public var hint: String? {
        switch self {
        case .problem(let problem): problem.hint
        case .pathTooLong: "set AUTHAGENT_SOCK or XDG_RUNTIME_DIR to a shorter path"
        case .pathNotAbsolute: "set AUTHAGENT_SOCK to a path that starts with /"
        case .notListening: "run 'authagent start'"
        case .notAnswering: "run 'authagent stop', which tells how to end it if it does not"
        case .foreignServer(_, let user):
            "run 'sudo -u \\#\(user) authagent ...' if that user's agent is meant; else do not trust it, and set"
                + " AUTHAGENT_SOCK to a directory of your own"
        case .timeout: "run 'authagent status', or 'authagent stop' to end it"
        case .lost: "run 'authagent status' to see whether it runs"
        case .notAnAgent: "run 'authagent stop' and 'authagent start'"
        case .notUnderstood:
            "is it older than this client? 'authagent stop' ends it, and the next command starts the new one"
        case .cancelled: nil
        case .system(_, let path, EACCES) where path.hasPrefix("/run/user/"):
            "unset XDG_RUNTIME_DIR if it is another user's"
        case .system(_, let path, EACCES), .system(_, let path, EPERM): "check who may write to \(path)"
        case .system(_, let path, _): "check \(path)"
        }
    }
}
