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
}
