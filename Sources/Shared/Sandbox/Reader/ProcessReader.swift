internal import CSandbox
internal import Glibc
internal import Synchronization
public import System

/// The process that reads of others what Landlock keeps from this one (`/proc/PID/exe`, `fd`, addresses in `stat`).
///
/// One for the process, as the sandbox is. Everything it says is a fact that may be missing: callers then treat the
/// other process as unknown.
public final class ProcessReader: Sendable {
    /// What the kernel shows of the program of a process.
    public struct Program: Sendable {
        /// The text of /proc/PID/exe.
        public let link: String
        /// The line of /proc/PID/stat.
        public let stat: String
    }

    private struct State {
        var serial: UInt32 = 0
        /// After a request without an answer none is sent for a while: connections must not wait for it in a row.
        var restEnd: ContinuousClock.Instant?
    }

    private static let current = Mutex<ProcessReader?>(nil)

    /// The reader of this process; `nil` if it may read by itself.
    public static var shared: ProcessReader? { current.withLock { $0 } }

    private let channel: Descriptor
    package let pid: Int32
    private let state = Mutex(State())

    /// An answer takes 10 µs. Longer means that the reader is stopped, or the machine is.
    private static let patience: Int32 = 200
    private static let rest: Duration = .seconds(1)
    /// At the start, the reader's filter is made first.
    private static let startPatience: Int32 = 5_000
    /// A machine may have a hundred thousand open descriptors.
    private static let searchPatience: Int32 = 5_000

    private init(_ channel: consuming Descriptor, _ pid: Int32) {
        self.channel = channel
        self.pid = pid
    }

    /// Forks the reader, and waits until it answers.
    static func start() -> Measure {
        var pid: pid_t = 0
        let raw = csandbox_start_reader(
            {
                // Without a filter it is still a process that reads only.
                _ = SystemCallFilter(SystemCallGroup.processReader, sockets: [], execution: Execution(nil)).load()
                return 1
            }, &pid)
        guard raw >= 0 else { return Sandbox.measure(raw) }
        let reader = ProcessReader(Descriptor(owning: raw), pid)
        var program = csandbox_program()
        guard csandbox_ask_program(raw, getpid(), 0, startPatience, &program) == 0 else {
            kill(pid, SIGKILL)
            _ = SystemCall.uninterrupted { waitpid(pid, nil, 0) }
            return .unavailable("the process reader does not answer")
        }
        current.withLock { $0 = reader }
        return .applied
    }

    /// Ends the reader: this process may read by itself.
    static func stop() { current.withLock { $0 = nil } }

    deinit {
        kill(pid, SIGKILL)
        _ = SystemCall.uninterrupted { waitpid(pid, nil, 0) }
    }

    /// The descriptor that a thread with a table of its own must keep to reach the reader.
    public static var descriptor: Int32? { shared?.channel.raw }

    /// Whether the reader runs.
    public var isAlive: Bool {
        var wait = pollfd(fd: channel.raw, events: 0, revents: 0)
        return SystemCall.uninterrupted { poll(&wait, 1, 0) } == 0
    }

    /// Reads the program of a process, without any access to its file system; `nil` if the reader cannot or does not.
    public func program(of pid: Int32) -> Program? {
        state.withLock { state in
            if let end = state.restEnd, ContinuousClock.now < end { return nil }
            state.restEnd = nil
            state.serial &+= 1
            return withUnsafeTemporaryAllocation(of: csandbox_program.self, capacity: 1) { room -> Program? in
                guard let answer = room.baseAddress else { return nil }
                let failure = csandbox_ask_program(channel.raw, pid, state.serial, Self.patience, answer)
                if failure == -ETIMEDOUT { state.restEnd = .now + Self.rest }
                guard failure == 0 else { return nil }
                return Program(answer)
            }
        }
    }

    /// Opens the program file of a process by its place (O_PATH); `nil` if the reader cannot. Blocks as long as the
    /// file's server does.
    public func executable(of pid: Int32) -> Descriptor? {
        let raw = csandbox_ask_executable(channel.raw, pid)
        return raw < 0 ? nil : Descriptor(owning: raw)
    }

    /// Returns a process that has the socket with this number open; `nil` if the reader sees none.
    public func holder(ofSocket number: UInt64) -> Int32? {
        let pid = csandbox_ask_holder(channel.raw, number, Self.searchPatience)
        return pid > 0 ? pid : nil
    }
}

extension ProcessReader.Program {
    /// `nil` if the kernel shows one of the two no more.
    fileprivate init?(_ answer: UnsafePointer<csandbox_program>) {
        let (link, stat) = (Int(answer.pointee.link_count), Int(answer.pointee.stat_count))
        guard link > 0, stat > 0 else { return nil }
        let text = UnsafeRawBufferPointer(start: csandbox_text(answer), count: link + stat)
        self.init(
            link: String(decoding: text[..<link], as: UTF8.self), stat: String(decoding: text[link...], as: UTF8.self))
    }
}
