internal import AuthagentClient
internal import System

extension AgentConnection {
    /// Connects to the agent; starts it first if it is not running. `isSilent`: without notes while it waits.
    static func open(startIfNeeded: Bool = true, isSilent: Bool = false) throws -> AgentConnection {
        let path = try SocketPath.resolve()
        do throws(AgentClientError) {
            return try AgentConnection(to: path)
        } catch .notListening where startIfNeeded {
            return try AgentStarter(path: path, environment: processEnvironment(), isSilent: isSilent).connect()
        }
    }

    /// Sends a request and returns the reply. If the agent ends before it answers, as in an upgrade, a request that changes
    /// nothing is sent to the next one, once.
    func askAcrossRestart<Reply: Decodable>(_ request: Request<Reply>, startIfNeeded: Bool = true) throws -> Reply {
        do throws(AgentClientError) { return try ask(request) } catch {
            guard case .lost = error, isUnanswered, request.isRepeatable else { throw error }
        }
        return try Self.open(startIfNeeded: startIfNeeded).ask(request)
    }
}
