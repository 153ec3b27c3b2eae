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
        case configCheck
        /// All accounts if none is named.
        case exportAccounts([AccountName])
        /// `source`: the document's name in messages.
        case importAccounts(document: [UInt8], source: String, replace: Bool)

        fileprivate var arguments: [String] {
            switch self {
            case .doctor: ["--doctor"]
            case .providers: ["--providers"]
            case .policyTest(let file): ["--policy-test", file]
            case .configCheck: ["--config-check"]
            case .exportAccounts(let names): ["--export-accounts"] + names.flatMap { ["--account", "\($0)"] }
            case .importAccounts(_, let source, let replace):
                ["--import-accounts", "--source=\(source)"] + (replace ? ["--replace"] : [])
            }
        }

        fileprivate var input: [UInt8]? {
            if case .importAccounts(let document, _, _) = self { document } else { nil }
        }

        fileprivate var patience: Duration {
            switch self {
            // Longer than the daemon's own limit for all checks.
            case .doctor, .providers, .policyTest: .seconds(12)
            // Thousands of files on a slow disk.
            case .configCheck, .exportAccounts: .seconds(60)
            // Each file is made durable.
            case .importAccounts: .seconds(600)
            }
        }
    }

    /// Enough for the largest export, and for a report on ten thousand files.
    private static let longestAnswer = 32 * 1024 * 1024

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
        let output = read(reading.raw, within: question.patience)
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
        let start = ProgramStart(program, question.arguments, environment: AgentEnvironment.of(environment))
        guard let input = question.input else { return start.process(output: output, errors: silence, &pid) }
        guard let file = MemoryFile.holding(input) else { return errno }
        return start.inPlace(input: file.raw, output: output, &pid)
    }

    /// Reads until the program's output ends or the time is up.
    private func read(_ descriptor: Int32, within patience: Duration) -> [UInt8] {
        let deadline = Deadline(patience)
        var bytes: [UInt8] = []
        _ = SystemCall.readAll(descriptor, into: &bytes, limit: Self.longestAnswer) { deadline.milliseconds }
        return bytes
    }
}
