internal import AgentAPI
internal import AuthagentClient
internal import Glibc
internal import System

/// Starts the daemon if it is not running, and waits until it serves or reports why it cannot.
///
/// Commands call `connect`.
struct AgentStarter {
    let path: SocketPath
    let environment: [String: String]
    /// Whether it prints nothing while it waits.
    var isSilent = false

    /// Long enough for a loaded machine; the daemon needs some milliseconds.
    private static let patience: Duration = .seconds(10)
    /// The descriptor at which `clinux_spawn_daemon` places the daemon's readiness pipe.
    private static let readyDescriptor: Int32 = 3
    /// A longer log is truncated at the start.
    private static let longestLog = 1024 * 1024

    enum Outcome {
        case serves
        /// Another process holds the lock.
        case isInUse
    }

    /// Starts the daemon once.
    func start() throws -> Outcome {
        try requireOwnedPaths()
        let daemon = try Self.daemon()
        let log = try openLog()
        guard let ends = DescriptorPair.pipe() else {
            throw Failure(
                "cannot create a pipe: \(errorText)", hint: "run 'ulimit -n' to see how many files may be open",
                code: .agentUnreachable)
        }
        let reading = Descriptor(owning: ends.first)
        do {
            // Closed after the start, so that the end of the daemon ends the read.
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
            let hints = lines.dropFirst().filter { $0.hasPrefix("hint: ") }.map { $0.dropFirst("hint: ".count) }
            throw Failure(
                String(line.dropFirst("error: ".count)), hint: hints.isEmpty ? nil : hints.joined(separator: "\n"),
                code: .agentUnreachable
            )
        default:
            let log = UserPaths(environment: environment)?.log ?? "its log"
            throw Failure("the agent did not start", hint: "see \(log)", code: .agentUnreachable)
        }
    }

    private func readReport(_ descriptor: Int32) -> String {
        let deadline = Deadline(Self.patience)
        var report: [UInt8] = []
        _ = SystemCall.readAll(descriptor, into: &report, limit: 8192) { deadline.milliseconds }
        return String(decoding: report, as: UTF8.self)
    }

    /// The daemon beside this program, as in a build directory, or at its installed path. Never from PATH.
    static func daemon() throws -> String {
        let directory = programDirectory()
        let places = ["\(directory)/authagentd", "\(directory)/../libexec/authagent/authagentd"]
        guard let found = places.first(where: { access($0, X_OK) == 0 }) else {
            throw Failure(
                "authagentd is not installed", hint: "install it beside authagent or in libexec/authagent",
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

    /// Throws before anything is created if the environment belongs to another user.
    private func requireOwnedPaths() throws {
        let places = OwnedPaths.of(environment, socket: path.text, state: try paths().state)
        do throws(LocalSocketError) { try OwnedPaths.require(places) } catch { throw Failure(error) }
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
        // The Swift runtime's crash report contains registers, which may hold parts of a token.
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

extension AgentStarter {
    /// A stopping agent refuses connections but holds its lock until running requests and refreshes are done: 40 s at
    /// most, and a little to exit.
    private static let longestDrain: Duration = .seconds(45)
    /// A wait longer than a normal start is reported to the user.
    private static let silentWait: Duration = .seconds(1)

    /// Starts the daemon and connects to it, or to one that another command has started.
    func connect() throws -> AgentConnection {
        // A guest of another user's agent must not start an agent in its place.
        guard !path.isOthers(than: geteuid()) else { throw Self.agentOfOthers(path) }
        if let connection = try connectThroughService() { return connection }
        let end = Deadline(Self.longestDrain)
        repeat {
            if try start() == .serves {
                do throws(AgentClientError) { return try AgentConnection(to: path) } catch {
                    // Stopped since: it still holds the lock, or the next one can start.
                    guard case .notListening = error else { throw error }
                }
            } else if let connection = try connectToOther(until: end) {
                return connection
            }
            _ = poll(nil, 0, 20)
        } while end.milliseconds > 0
        throw Self.notListening(path)
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
            if !isSilent, !isTold, silence.milliseconds == 0 {
                let holder = FileLock.holder(of: lock).map { " (pid \($0))" } ?? ""
                Console.note("an agent\(holder) is running, but does not listen at \(path): waiting for it")
                isTold = true
            }
            _ = poll(nil, 0, 20)
        } while end.milliseconds > 0
        throw Self.notListening(path)
    }

    private static func agentOfOthers(_ path: SocketPath) -> Failure {
        Failure(
            "no agent listens at \(path), and this user cannot start one there",
            hint: "run 'sudo systemctl start authagent.socket', or unset AUTHAGENT_SOCK for an agent of your own",
            code: .agentUnreachable
        )
    }

    private static func notListening(_ path: SocketPath) -> Failure {
        Failure(
            "an agent is running, but does not listen at \(path)",
            hint: "run 'authagent stop': it may have another AUTHAGENT_SOCK or XDG_RUNTIME_DIR",
            code: .agentUnreachable
        )
    }
}
