internal import AgentAPI
internal import CLinux
internal import Glibc
internal import LocalSocket

/// Has the agent's program look at what an agent would look at, where none runs: it prints its report and ends.
struct OneShotDoctor {
    let environment: [String: String]

    /// Longer than the program's own limit for all its checks.
    private static let patience: Duration = .seconds(12)
    /// A thousand accounts with long names.
    private static let longestReport = 4 * 1024 * 1024

    enum Failure: Error {
        case notInstalled
        case notStarted(program: String, errno: Int32)
        case noReport(program: String)

        /// In the report, so that what the client has found out is shown as well.
        var check: DoctorCheck {
            switch self {
            case .notInstalled:
                DoctorCheck(
                    .agentProgram, .problem, "authagentd is not installed, so no more is known",
                    hint: "put it beside authagent or into libexec/authagent"
                )
            case .notStarted(let program, let code):
                DoctorCheck(
                    .agentProgram, .problem, "cannot start \(program): \(String(cString: strerror(code)))",
                    hint: "run 'ls -l \(program)' to see why"
                )
            case .noReport(let program):
                DoctorCheck(
                    .agentProgram, .problem, "\(program) has not told what it found",
                    hint: "run '\(program) --doctor' to see why; is it of the same version?"
                )
            }
        }
    }

    func report() throws(Failure) -> DoctorReport {
        guard let program = try? AgentStarter.daemon() else { throw .notInstalled }
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { throw .notStarted(program: program, errno: errno) }
        let reading = Descriptor(owning: ends[0])
        var pid: pid_t = 0
        let failure = spawn(program, output: ends[1], &pid)
        // Here, after the start, so that the end of the program ends the reading.
        close(ends[1])
        guard failure == 0 else { throw .notStarted(program: program, errno: failure) }
        let output = read(reading.raw)
        // It has ended by itself, or takes too long: what hangs in it must not stay behind.
        kill(pid, SIGKILL)
        while waitpid(pid, nil, 0) < 0 && errno == EINTR {}
        guard let report = try? APIJSON.decode(DoctorReport.self, from: output) else {
            throw .noReport(program: program)
        }
        return report
    }

    private func spawn(_ program: String, output: Int32, _ pid: inout pid_t) -> Int32 {
        let silence = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard silence >= 0 else { return errno }
        defer { close(silence) }
        var arguments = AgentStarter.cStrings([program, "--doctor"])
        var variables = AgentStarter.cStrings(environment.map { "\($0.key)=\($0.value)" })
        defer { for text in arguments + variables { free(text) } }
        return clinux_spawn(program, &arguments, &variables, output, silence, &pid)
    }

    /// Until the end of the program's output, or of the time.
    private func read(_ descriptor: Int32) -> [UInt8] {
        let deadline = Deadline(Self.patience)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while bytes.count < Self.longestReport {
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&wait, 1, deadline.milliseconds)
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else { break }
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            bytes += chunk.prefix(count)
        }
        return bytes
    }
}
