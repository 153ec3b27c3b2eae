internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import System

extension AgentStarter {
    /// systemd replies within milliseconds, on a loaded machine within seconds.
    private static let servicePatience: Duration = .seconds(15)

    private static let systemctl: [String] = ["/usr/bin/systemctl", "/bin/systemctl"]

    /// Makes the user's service manager start the agent's socket, and connects to it. `nil` without such a manager
    /// or unit, or if its agent would not be the one of this environment.
    func connectThroughService() throws -> AgentConnection? {
        guard
            let runtime = UserService.runtimeDirectory(environment, user: geteuid(), socket: path.text),
            let systemctl = Self.systemctl.first(where: { access($0, X_OK) == 0 }),
            succeeds([systemctl, "--user", "--quiet", "start", UserService.unit], runtime)
        else { return nil }
        let connection: AgentConnection
        do throws(AgentClientError) { connection = try AgentConnection(to: path) } catch {
            guard case .notListening = error else { throw error }
            return nil
        }
        do throws(AgentClientError) { _ = try connection.ask(.health(within: Self.servicePatience)) } catch {
            if case .problem = error { return connection }
            // The daemon itself reports why it cannot start, such as an invalid setting.
            if try start() == .serves { return try AgentConnection(to: path) }
            throw Failure(
                "the agent that systemd started has not answered",
                hint: "run 'systemctl --user status authagent.service' to see why", code: .agentUnreachable)
        }
        return connection
    }

    /// Runs the command; returns whether it succeeds in time.
    private func succeeds(_ command: [String], _ runtime: String) -> Bool {
        let silence = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard silence >= 0 else { return false }
        defer { close(silence) }
        let start = ProgramStart(
            command.first ?? "", Array(command.dropFirst()),
            environment: ["PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": runtime])
        var pid: pid_t = 0
        guard start.process(output: silence, errors: silence, &pid) == 0 else { return false }
        let descriptor = ProcessDescriptor.open(pid)
        if descriptor >= 0 {
            let process = Descriptor(owning: descriptor)
            let deadline = Deadline(Self.servicePatience)
            var wait = pollfd(fd: process.raw, events: Int16(POLLIN), revents: 0)
            while poll(&wait, 1, deadline.milliseconds) < 1, deadline.milliseconds > 0 {}
        }
        // Do not leave a command that hangs behind.
        kill(pid, SIGKILL)
        var status: Int32 = -1
        _ = SystemCall.uninterrupted { waitpid(pid, &status, 0) }
        return status == 0
    }
}
