internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import LocalSocket

extension AgentStarter {
    /// A stopping agent refuses connections but holds its lock until running requests and refreshes are done: 40 s at
    /// most, and a little to exit.
    private static let longestDrain: Duration = .seconds(45)
    /// A wait longer than a normal start is reported to the user.
    private static let silentWait: Duration = .seconds(1)

    /// Starts the daemon and connects to it, or to one that another command has started.
    func connect() throws -> AgentConnection {
        // A guest of another user's agent must not start an agent in its place.
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

    /// Waits for the agent that holds the lock. Connects once it listens; returns `nil` once it has ended.
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
                Console.note("an agent\(holder) is running, but does not listen at \(path): waiting for it")
                isTold = true
            }
            _ = poll(nil, 0, 20)
        } while end.milliseconds > 0
        throw Self.elsewhere(path)
    }

    private static func leftToOthers(_ path: SocketPath) -> Failure {
        Failure(
            "no agent listens at \(path), and this user cannot start one there",
            hint: "run 'sudo systemctl start authagent.socket', or unset AUTHAGENT_SOCK for an agent of your own",
            code: .agentUnreachable
        )
    }

    private static func elsewhere(_ path: SocketPath) -> Failure {
        Failure(
            "an agent is running, but does not listen at \(path)",
            hint: "run 'authagent stop': it may have another AUTHAGENT_SOCK or XDG_RUNTIME_DIR",
            code: .agentUnreachable
        )
    }
}
