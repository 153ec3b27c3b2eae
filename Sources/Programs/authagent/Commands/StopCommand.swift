internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import Glibc
internal import System

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "End the agent after the refreshes under way.",
        discussion: "Logins are kept: the next command starts it again."
    )

    /// A refresh under way may take its whole time.
    private static let patience: Duration = .seconds(45)

    func run() throws {
        let path = try SocketPath.resolve()
        if let paths = UserPaths(environment: processEnvironment()) {
            // Root with a user's environment would end that user's agent, and with it what is only in memory.
            let places = OwnPlaces.of(processEnvironment(), socket: path.text, state: paths.state)
            do throws(LocalSocketError) { try OwnPlaces.require(places) } catch { throw Failure(error) }
        }
        guard let pid = try agentPID() else { return Console.print("no agent runs") }
        // A pidfd stays with the process: a number could be another's by the time the signal is sent.
        let raw = ProcessDescriptor.open(pid)
        guard raw >= 0 else { return Console.print("no agent runs") }
        let process = Descriptor(owning: raw)
        // In another container, or after a crash of the machine, the number may be anybody's.
        guard Self.isAgent(pid) else {
            throw Failure(
                "the process \(pid) that the agent names is no agent",
                hint: "does the agent run in another container? End it there"
            )
        }
        guard ProcessDescriptor.send(SIGTERM, to: process.raw) == 0 || errno == ESRCH else {
            throw Failure(
                "cannot end the agent (pid \(pid)): \(String(cString: strerror(errno)))",
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

    /// proc(5), /proc/PID/comm: the program's name, of which the kernel keeps 15 bytes.
    private static func isAgent(_ pid: Int32) -> Bool {
        let descriptor = open("/proc/\(pid)/comm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var name = [UInt8](repeating: 0, count: 16)
        let count = read(descriptor, &name, name.count)
        return String(decoding: name.prefix(max(0, count)), as: UTF8.self) == "authagentd\n"
    }

    /// The agent at the socket; else the one that holds the lock and hangs, or listens elsewhere.
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
