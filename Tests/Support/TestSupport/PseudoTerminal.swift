import CLinux
import Foundation
import Synchronization
public import Testing

/// A program at a terminal of its own (pty(7)), whose keyboard and screen a test has.
public final class PseudoTerminal: Sendable {
    /// TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)), and POSIX_SPAWN_SETSID, whose macros Swift does not import.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430
    private static let newSession: Int32 = 0x80

    public let pid: Int32
    private let keyboard: Int32
    private let output = Mutex<[UInt8]>([])
    private let status = Mutex<Int32?>(nil)
    private let ended = Gate()

    /// Starts the program in a session of its own, with the terminal as its input, output and errors.
    public init(
        _ executable: String, _ arguments: [String], environment: [String: String],
        columns: UInt16 = 80, lines: UInt16 = 24
    ) throws {
        // As posix_openpt(3), unlockpt(3) and ptsname(3) do, which Swift does not import.
        keyboard = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (locked, number): (Int32, UInt32) = (0, 0)
        guard keyboard >= 0, ioctl(keyboard, Self.setLock, &locked) == 0, ioctl(keyboard, Self.getNumber, &number) == 0
        else { throw POSIXError(.EMFILE) }
        var size = winsize(ws_row: lines, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(keyboard, UInt(TIOCSWINSZ), &size)
        pid = try Self.spawn(executable, arguments, environment, terminal: "/dev/pts/\(number)")
        // Until the program has opened it, reading fails; a terminal that stays open here would never end.
        Thread.detachNewThread { self.read() }
        Thread.detachNewThread { self.wait() }
    }

    deinit {
        if status.withLock({ $0 }) == nil { kill(pid, SIGKILL) }
        close(keyboard)
    }

    /// What the program has written so far, with the terminal's line ends as single ones.
    public var screen: String {
        String(decoding: output.withLock { $0 }, as: UTF8.self).replacing("\r\n", with: "\n")
    }

    /// Whether the kernel edits lines and shows what is typed, as a shell expects it.
    public var isUsual: Bool {
        var mode = termios()
        guard tcgetattr(keyboard, &mode) == 0 else { return false }
        return mode.c_lflag & tcflag_t(ICANON) != 0 && mode.c_lflag & tcflag_t(ECHO) != 0
    }

    /// Types the text. The terminal takes no more than the program reads.
    public func type(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(keyboard, $0.baseAddress, min($0.count, 512)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    public func signal(_ number: Int32) { status.withLock { if $0 == nil { kill(pid, number) } } }

    /// Waits until the screen has the text after `start` characters; `nil` if it does not.
    public func shows(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) async {
        await eventually("the screen does not show '\(text)'", sourceLocation: sourceLocation) {
            self.screen.contains(text) || self.status.withLock { $0 } != nil
        }
        #expect(screen.contains(text), "\(screen)", sourceLocation: sourceLocation)
    }

    /// Waits for the program's end: its exit code, or the negative number of the signal that ended it.
    public func result() async -> Int32 {
        await withTaskCancellationHandler {
            await ended.pass()
        } onCancel: {
            signal(SIGKILL)
        }
        let status = status.withLock { $0 } ?? 0
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }

    private func read() {
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Foundation.read(keyboard, &chunk, chunk.count)
            if count > 0 { output.withLock { $0 += chunk.prefix(count) } }
            guard count > 0 || errno == EINTR || (errno == EIO && status.withLock { $0 } == nil) else { return }
            // No program has the terminal open yet, or any more.
            if count <= 0 { usleep(2_000) }
        }
    }

    private func wait() {
        // Reaped under the lock, so that a signal cannot reach another process with the same number.
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
        status.withLock { status in
            var end: Int32 = 0
            while waitpid(pid, &end, 0) < 0 && errno == EINTR {}
            status = end
        }
        ended.open()
    }

    private static func spawn(
        _ executable: String, _ arguments: [String], _ environment: [String: String], terminal: String
    ) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The first terminal that the leader of a session opens is the session's.
        posix_spawn_file_actions_addopen(&actions, 0, terminal, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        guard clinux_close_from_in_child(&actions, 3) == 0 else { throw POSIXError(.ENOMEM) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (all, none) = (sigset_t(), sigset_t())
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | newSession
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var argv = ([executable] + arguments).map { strdup($0) } + [nil]
        var envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        guard posix_spawn(&pid, executable, &actions, &attributes, &argv, &envp) == 0 else {
            throw MissingProgram(name: executable, package: "?")
        }
        return pid
    }
}
