internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import System

/// Runs the daemon's executable for a question that needs no running agent: it prints one JSON object and exits.
struct DaemonQuery {
    let environment: [String: String]

    /// The question.
    enum Question {
        case doctor
        case providers
        /// An absolute path.
        case policyTest(file: String)

        fileprivate var arguments: [String] {
            switch self {
            case .doctor: ["--doctor"]
            case .providers: ["--providers"]
            case .policyTest(let file): ["--policy-test", file]
            }
        }
    }

    /// Longer than the daemon's own limit for all checks.
    private static let patience: Duration = .seconds(12)
    /// Enough for a report on a thousand accounts with long names.
    private static let longestAnswer = 4 * 1024 * 1024

    enum Failed: FaultError {
        case notInstalled
        case notStarted(program: String, errno: Int32)
        case noAnswer(program: String, Question)

        var fault: Fault {
            switch self {
            case .notInstalled:
                Fault(
                    "authagentd is not installed", hint: "install it beside authagent or in libexec/authagent")
            case .notStarted(let program, let code):
                Fault(
                    "cannot start \(program): \(String(cString: strerror(code)))",
                    hint: "run 'ls -l \(program)' to see why")
            case .noAnswer(let program, let question):
                Fault(
                    "\(program) has not answered",
                    hint: "run '\(program) \(question.arguments.joined(separator: " "))' to see why; check that it has"
                        + " the same version")
            }
        }
    }

    func answer<Answer: Decodable>(_ type: Answer.Type, to question: Question) throws(Failed) -> Answer {
        guard let program = try? AgentStarter.daemon() else { throw .notInstalled }
        guard let ends = DescriptorPair.pipe() else { throw .notStarted(program: program, errno: errno) }
        let reading = Descriptor(owning: ends.first)
        var pid: pid_t = 0
        let failure = spawn(program, question, output: ends.second, &pid)
        // Closed after the start, so that the end of the program ends the read.
        close(ends.second)
        guard failure == 0 else { throw .notStarted(program: program, errno: failure) }
        let output = read(reading.raw)
        // The program has ended or takes too long; one that hangs must not stay behind.
        kill(pid, SIGKILL)
        _ = SystemCall.uninterrupted { waitpid(pid, nil, 0) }
        guard let answer = try? APIJSON.decode(type, from: output) else { throw .noAnswer(program: program, question) }
        return answer
    }

    private func spawn(_ program: String, _ question: Question, output: Int32, _ pid: inout pid_t) -> Int32 {
        let silence = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard silence >= 0 else { return errno }
        defer { close(silence) }
        return ProgramStart(program, question.arguments, environment: AgentEnvironment.of(environment))
            .process(output: output, errors: silence, &pid)
    }

    /// Reads until the program's output ends or the time is up.
    private func read(_ descriptor: Int32) -> [UInt8] {
        let deadline = Deadline(Self.patience)
        var bytes: [UInt8] = []
        _ = SystemCall.readAll(descriptor, into: &bytes, limit: Self.longestAnswer) { deadline.milliseconds }
        return bytes
    }
}
