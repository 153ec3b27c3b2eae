internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import Glibc
internal import System

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop the agent after the running refreshes.",
        discussion: "Logins are kept: the next command starts it again."
    )

    /// A running refresh may take its whole time limit.
    private static let patience: Duration = .seconds(45)

    func run() throws {
        let path = try SocketPath.resolve()
        if let paths = UserPaths(environment: processEnvironment()) {
            // Root with a user's environment would end that user's agent and lose the state kept only in memory.
            let places = OwnedPaths.of(processEnvironment(), socket: path.text, state: paths.state)
            do throws(LocalSocketError) { try OwnedPaths.require(places) } catch { throw Failure(error) }
        }
        guard let pid = try agentPID() else { return Console.print("the agent is not running") }
        // A pidfd cannot refer to another process; a process ID may be reused before the signal is sent.
        let raw = ProcessDescriptor.open(pid)
        guard raw >= 0 else { return Console.print("the agent is not running") }
        let process = Descriptor(owning: raw)
        // In another container, or after a crash of the machine, the ID may belong to any process.
        guard Self.isAgent(pid) else {
            throw Failure(
                "the process \(pid) that the agent reports is not an agent",
                hint: "if the agent runs in another container, stop it there"
            )
        }
        guard ProcessDescriptor.send(SIGTERM, to: process.raw) == 0 || errno == ESRCH else {
            throw Failure(
                "cannot stop the agent (pid \(pid)): \(String(cString: strerror(errno)))",
                hint: "run 'ps -fp \(pid)' to see whose it is"
            )
        }
        let deadline = Deadline(Self.patience)
        var wait = pollfd(fd: process.raw, events: Int16(POLLIN), revents: 0)
        while poll(&wait, 1, deadline.milliseconds) < 1 {
            guard deadline.milliseconds > 0 else {
                throw Failure("the agent (pid \(pid)) does not end", hint: "run 'kill -9 \(pid)'")
            }
        }
        Console.print("agent stopped, pid \(pid)")
    }

    /// Reads /proc/PID/comm (proc(5)), which holds the first 15 bytes of the program's name.
    private static func isAgent(_ pid: Int32) -> Bool {
        let descriptor = open("/proc/\(pid)/comm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var name = [UInt8](repeating: 0, count: 16)
        let count = read(descriptor, &name, name.count)
        return String(decoding: name.prefix(max(0, count)), as: UTF8.self) == "authagentd\n"
    }

    /// The agent at the socket; otherwise the one that holds the lock and hangs, or listens elsewhere.
    private func agentPID() throws -> Int32? {
        do throws(AgentClientError) {
            return try AgentConnection(to: SocketPath.resolve()).ask(.health()).pid
        } catch {
            if case .problem = error { throw error }
            guard let paths = UserPaths(environment: processEnvironment()) else { throw error }
            do throws(LocalSocketError) { try FileLock.requireUsable(paths.lock) } catch { throw Failure(error) }
            if let pid = FileLock.holder(of: paths.lock) { return pid }
            guard case .notListening = error else { throw error }
            return nil
        }
    }
}
