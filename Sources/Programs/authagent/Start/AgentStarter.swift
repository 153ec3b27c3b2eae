internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import System

/// Starts the daemon when nobody listens, and waits until it serves or says why it does not.
///
/// `connect` in `AgentStarter+Connect.swift` is what commands call.
struct AgentStarter {
    let path: SocketPath
    let environment: [String: String]

    /// Long enough for a loaded machine; the daemon itself needs some milliseconds.
    private static let patience: Duration = .seconds(10)
    /// Where `ProgramStart.daemon` puts the end of the pipe that the daemon reports to.
    private static let readyDescriptor: Int32 = 3
    /// A log that has grown past this is begun anew.
    private static let longestLog = 1024 * 1024

    enum Outcome {
        case serves
        /// Somebody else holds the lock.
        case isInUse
    }

    /// Starts the daemon once.
    func start() throws -> Outcome {
        try requireOwnPlaces()
        let daemon = try Self.daemon()
        let log = try openLog()
        guard let ends = DescriptorPair.pipe() else {
            throw Failure(
                "no pipe: \(errorText)", hint: "run 'ulimit -n' to see how many files may be open",
                code: .agentUnreachable)
        }
        let reading = Descriptor(owning: ends.first)
        do {
            // Closed here after the start, so that the end of the daemon ends the reading.
            let writing = Descriptor(owning: ends.second)
            try spawn(daemon, log: log.raw, readiness: writing.raw)
        }
        return try interpret(readReport(reading.raw))
    }

    private func interpret(_ report: String) throws -> Outcome {
        let lines = report.split(separator: "\n").map(String.init)
        switch lines.first {
        case "ready"?: return .serves
        case "in-use"?: return .isInUse
        case let line? where line.hasPrefix("error: "):
            let hint = lines.dropFirst().first { $0.hasPrefix("hint: ") }?.dropFirst("hint: ".count)
            throw Failure(
                String(line.dropFirst("error: ".count)), hint: hint.map { String($0) }, code: .agentUnreachable
            )
        default:
            let log = UserPaths(environment: environment)?.log ?? "its log"
            throw Failure("the agent did not start", hint: "see \(log)", code: .agentUnreachable)
        }
    }

    private func readReport(_ descriptor: Int32) -> String {
        let deadline = Deadline(Self.patience)
        var report: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1024)
        while report.count < 8192 {
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&wait, 1, deadline.milliseconds)
            if ready < 0 && errno == EINTR { continue }
            guard ready > 0 else { break }
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            report += chunk.prefix(count)
        }
        return String(decoding: report, as: UTF8.self)
    }

    /// Beside this program, as in a build directory, or where packages put it. Never from PATH.
    static func daemon() throws -> String {
        let directory = programDirectory()
        let places = ["\(directory)/authagentd", "\(directory)/../libexec/authagent/authagentd"]
        guard let found = places.first(where: { access($0, X_OK) == 0 }) else {
            throw Failure(
                "authagentd is not installed", hint: "put it beside authagent or into libexec/authagent",
                code: .agentUnreachable
            )
        }
        return found
    }

    private func paths() throws -> UserPaths {
        if let paths = UserPaths(environment: environment) { return paths }
        throw Failure(
            "HOME is not set", hint: "set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME", code: .agentUnreachable)
    }

    /// Before anything is made: with another user's environment, nothing is.
    private func requireOwnPlaces() throws {
        let places = OwnPlaces.of(environment, socket: path.text, state: try paths().state)
        do throws(LocalSocketError) { try OwnPlaces.require(places) } catch { throw Failure(error) }
    }

    private func openLog() throws -> Descriptor {
        let paths = try paths()
        do throws(LocalSocketError) { try PrivateDirectory.prepareTree(paths.state) } catch { throw Failure(error) }
        var status = stat()
        let isLong = lstat(paths.log, &status) == 0 && status.st_size > Self.longestLog
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (isLong ? O_TRUNC : 0)
        let raw = open(paths.log, flags, 0o600)
        guard raw >= 0 else {
            throw Failure(
                "cannot write \(paths.log): \(errorText)", hint: "run 'ls -l \(paths.log)' to see why",
                code: .agentUnreachable
            )
        }
        return Descriptor(owning: raw)
    }

    private func spawn(_ daemon: String, log: Int32, readiness: Int32) throws {
        var environment = AgentEnvironment.of(environment)
        // The Swift runtime's crash report has registers in it, which may hold part of a token.
        environment["SWIFT_BACKTRACE"] = "enable=no"
        let program = ProgramStart(daemon, ["--ready-fd", "\(Self.readyDescriptor)"], environment: environment)
        let result = program.daemon(log: log, extra: readiness)
        guard result == 0 else {
            throw Failure(
                "cannot start \(daemon): \(String(cString: strerror(result)))",
                hint: "run 'ls -l \(daemon)' to see why",
                code: .agentUnreachable)
        }
    }

    private var errorText: String { String(cString: strerror(errno)) }
}
