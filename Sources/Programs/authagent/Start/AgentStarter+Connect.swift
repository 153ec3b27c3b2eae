internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import System

extension AgentStarter {
    /// An agent that was told to end takes no more connections but holds its lock until the requests and refreshes
    /// under way are done: 40 s at most, and a little to end.
    private static let longestDrain: Duration = .seconds(45)
    /// Waiting longer than a start takes is something to tell a person.
    private static let silentWait: Duration = .seconds(1)

    /// Starts the daemon and connects to it, or to the one that somebody else has started.
    func connect() throws -> AgentConnection {
        // Whoever is only let in to an agent of others has none to start in its place.
        guard !path.isOthers(than: geteuid()) else { throw Self.leftToOthers(path) }
        if let connection = try connectThroughService() { return connection }
        let end = Deadline(Self.longestDrain)
        while try start() == .isInUse {
            if let connection = try connectToOther(until: end) { return connection }
            guard end.milliseconds > 0 else { throw Self.elsewhere(path) }
            _ = poll(nil, 0, 20)
        }
        return try AgentConnection(to: path)
    }

    /// Waits for the agent that holds the lock: it is about to listen, and then this connects; or about to end, and
    /// then this returns nil.
    private func connectToOther(until end: Deadline) throws -> AgentConnection? {
        guard let lock = UserPaths(environment: environment)?.lock else { return nil }
        let silence = Deadline(Self.silentWait)
        var isTold = false
        repeat {
            do throws(AgentClientError) {
                return try AgentConnection(to: path)
            } catch {
                guard case .notListening = error else { throw error }
            }
            do throws(LocalSocketError) { try FileLock.requireUsable(lock) } catch { throw Failure(error) }
            guard FileLock.isHeld(lock) else { return nil }
            if !isTold, silence.milliseconds == 0 {
                let holder = FileLock.holder(of: lock).map { " (pid \($0))" } ?? ""
                Console.note("an agent\(holder) runs, but does not listen at \(path): waiting until it does, or ends")
                isTold = true
            }
            _ = poll(nil, 0, 20)
        } while end.milliseconds > 0
        throw Self.elsewhere(path)
    }

    private static func leftToOthers(_ path: SocketPath) -> Failure {
        Failure(
            "no agent listens at \(path), and it is not this user's to start there",
            hint: "run 'sudo systemctl start authagent.socket', or unset AUTHAGENT_SOCK for an agent of your own",
            code: .agentUnreachable
        )
    }

    private static func elsewhere(_ path: SocketPath) -> Failure {
        Failure(
            "an agent runs, but does not listen at \(path)",
            hint: "was it started with another AUTHAGENT_SOCK or XDG_RUNTIME_DIR? 'authagent stop' ends it",
            code: .agentUnreachable
        )
    }
}
