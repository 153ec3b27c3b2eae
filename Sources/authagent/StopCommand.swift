internal import AgentAPI
internal import ArgumentParser
internal import CLinux
internal import Glibc
internal import LocalSocket

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "End the agent after the refreshes under way.",
        discussion: "Logins are kept: the next command starts it again."
    )

    /// A refresh under way may take its whole time.
    private static let patience: Duration = .seconds(45)

    func run() throws {
        let connection: AgentConnection
        do { connection = try AgentConnection.open(startIfNeeded: false) } catch let failure as Failure {
            guard failure.isNobodyListening else { throw failure }
            return Console.print("no agent runs")
        }
        let agent = try connection.request("GET", Route.health.path).decoded(AgentStatus.self)
        // A pidfd stays with the process: a number could be another's by the time the signal is sent.
        let raw = clinux_pidfd_open(agent.pid)
        guard raw >= 0 else { return Console.print("no agent runs") }
        let process = Descriptor(owning: raw)
        guard clinux_pidfd_send_signal(process.raw, SIGTERM) == 0 || errno == ESRCH else {
            throw Failure("cannot end the agent (pid \(agent.pid)): \(String(cString: strerror(errno)))")
        }
        let deadline = Deadline(Self.patience)
        var wait = pollfd(fd: process.raw, events: Int16(POLLIN), revents: 0)
        while poll(&wait, 1, deadline.milliseconds) < 1 {
            guard deadline.milliseconds > 0 else {
                throw Failure("the agent (pid \(agent.pid)) does not end", hint: "run 'kill -9 \(agent.pid)'")
            }
        }
        Console.print("agent stopped, pid \(agent.pid)")
    }
}
