import CLinux
import Foundation
import Synchronization
import Testing

/// A child process of a test; the end of this object kills it.
///
/// Not Foundation's `Process`: there, two programs started at the same time inherit each other's pipes, and the end of
/// neither is noticed. Here every descriptor is close-on-exec from the start.
public final class ChildProcess: Sendable {
    public let pid: Int32
    private let program: String
    private let input: Mutex<Int32?>
    private let output = Collector()
    private let errors = Collector()
    private let life: Life

    public struct Result: Sendable {
        /// The exit code, or the negative number of the signal that ended the program.
        public let status: Int32
        public let output: String
        public let errors: String

        /// Without line breaks; "\r\n" counts as one.
        public var lines: [String] { output.split(whereSeparator: \.isNewline).map(String.init) }
    }

    /// Starts the program with `text` as its input; `nil` keeps the input open. `environment` is its whole environment.
    public init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String], input text: String? = ""
    ) throws {
        program = executable
        let (stdin, stdout, stderr) = (try Self.pipe(), try Self.pipe(), try Self.pipe())
        defer { for end in [stdin.reading, stdout.writing, stderr.writing] { close(end) } }
        pid = try Self.spawn(executable, arguments, environment, [stdin.reading, stdout.writing, stderr.writing])
        input = Mutex(stdin.writing)
        output.read(stdout.reading)
        errors.read(stderr.reading)
        life = Life(of: pid)
        if let text {
            write(text)
            closeInput()
        }
    }

    deinit {
        life.signal(SIGKILL)
        closeInput()
    }

    public var isRunning: Bool { life.status == nil }
    public var outputSoFar: String { output.text }
    public var errorsSoFar: String { errors.text }

    /// Waits for the program's end and output. A cancelled test (time limit) ends the program, which would block the
    /// test run.
    public func result() async -> Result {
        await withTaskCancellationHandler {
            await life.ended.pass()
            await output.ended.pass()
            await errors.ended.pass()
        } onCancel: {
            life.signal(SIGKILL)
        }
        let status = life.status ?? 0
        // wait(2): the low seven bits are the signal, the next byte is the exit code.
        let signal = status & 0x7F
        return Result(status: signal == 0 ? status >> 8 & 0xFF : -signal, output: output.text, errors: errors.text)
    }

    /// Sends a signal, unless the program has ended.
    public func signal(_ number: Int32) { life.signal(number) }

    /// Writes to the program's input. Blocks beyond 64 KiB if the program does not read.
    public func write(_ text: String) {
        guard let descriptor = input.withLock({ $0 }) else { return }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    public func closeInput() { if let descriptor = input.withLock({ $0.take() }) { close(descriptor) } }

    /// Waits for the first line with this prefix; empty if the program ends without one.
    public func line(beginning prefix: String = "") async -> String {
        @Sendable func find() -> String? {
            outputSoFar.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .first { $0.hasPrefix(prefix) }.map(String.init)
        }
        await eventually("no line '\(prefix)…' from \(program)") { find() != nil || !self.isRunning }
        return find() ?? ""
    }

    /// Runs a program and waits for its end.
    public static func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = programEnvironment,
        input: String = ""
    ) async throws -> Result {
        try await ChildProcess(executable, arguments, environment: environment, input: input).result()
    }

    /// The environment for system programs, without the tester's variables.
    public static let programEnvironment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]

    private static func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { throw POSIXError(.EMFILE) }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ executable: String, _ arguments: [String], _ environment: [String: String], _ standard: [Int32]
    ) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, source) in standard.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
        }
        // accept(2) does not set close-on-exec: an inherited connection of another test would never end there.
        guard clinux_close_from_in_child(&actions, Int32(standard.count)) == 0 else { throw POSIXError(.ENOMEM) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The test program ignores SIGPIPE; its children must not.
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var argv = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, executable, &actions, &attributes, &argv, &envp)
        guard failure == 0 else {
            throw MissingProgram(name: executable, package: "(\(String(cString: strerror(failure))))")
        }
        return pid
    }

    /// The program's state, watched by a thread.
    private final class Life: Sendable {
        private let pid: Int32
        private let ending = Mutex<Int32?>(nil)
        let ended = Gate()

        init(of pid: Int32) {
            self.pid = pid
            Thread.detachNewThread { self.watch() }
        }

        /// The status of waitpid(2); `nil` while the program runs.
        var status: Int32? { ending.withLock { $0 } }

        func signal(_ number: Int32) { ending.withLock { if $0 == nil { kill(pid, number) } } }

        private func watch() {
            // Reaped under the lock, so that a signal cannot reach another process with the same ID.
            var information = siginfo_t()
            while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
            ending.withLock { ending in
                var status: Int32 = 0
                while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
                ending = status
            }
            ended.open()
        }
    }

    /// The output of one pipe, read by a thread until its end.
    private final class Collector: Sendable {
        private let bytes = Mutex<[UInt8]>([])
        let ended = Gate()

        var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

        func read(_ descriptor: Int32) {
            Thread.detachNewThread {
                var chunk = [UInt8](repeating: 0, count: 64 * 1024)
                while true {
                    let count = Foundation.read(descriptor, &chunk, chunk.count)
                    if count < 0 && errno == EINTR { continue }
                    guard count > 0 else { break }
                    self.bytes.withLock { $0 += chunk.prefix(count) }
                }
                close(descriptor)
                self.ended.open()
            }
        }
    }
}

/// A program that a test asks for although `packaging/test --unit` leaves such tests out.
private struct UnexpectedProgram: Error, CustomStringConvertible {
    let name: String

    var description: String {
        "\(name) is not there for the unit tests alone: name the test in unit_tests_with_programs, packaging/dev/lib.sh"
    }
}

/// A program that the tests need and the machine lacks.
public struct MissingProgram: Error, CustomStringConvertible {
    let name: String
    let package: String

    public var description: String { "\(name) is missing: run 'apt-get install \(package)'" }

    /// Packages that every Debian system has, or that a Swift toolchain needs.
    private static let present: Set<String> = ["gcc", "util-linux"]

    /// The program's path, or an error that names its Debian package.
    ///
    /// With `AUTHAGENT_TEST_PROGRAMS=build` every other package counts as missing: `packaging/test --unit` needs none.
    public static func require(_ name: String, package: String) throws -> String {
        let allowed = ProcessInfo.processInfo.environment["AUTHAGENT_TEST_PROGRAMS"]
        guard allowed != "build" || present.contains(package) else {
            throw UnexpectedProgram(name: name)
        }
        for directory in ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"] {
            let path = "\(directory)/\(name)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw MissingProgram(name: name, package: package)
    }
}
