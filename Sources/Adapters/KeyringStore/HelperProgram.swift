internal import Glibc
internal import Synchronization
internal import System

/// The keyring helper's executable, and the way to start it.
struct HelperProgram: Sendable {
    let path: String
    /// Only the variables needed to find the session bus.
    private let environment: [String: String]

    private static let passedOn = ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME", "LANG"]

    /// One start at a time: a file that another child still holds open for writing cannot be executed (ETXTBSY).
    private static let starting = Mutex(())

    init(path: String, environment: [String: String]) {
        self.path = path
        self.environment = environment.filter { Self.passedOn.contains($0.key) }
    }

    /// Starts the helper with `channel` as its input and output; `nil` if it cannot be executed.
    ///
    /// If this user may read the file, an unreadable copy runs: the kernel protects such a process from others of the
    /// same user before its first instruction. Otherwise the file itself is unreadable, or root runs it.
    func start(channel: borrowing Descriptor) -> HelperProcess? {
        let program = ProgramStart(path, environment: environment)
        return Self.starting.withLock { _ in
            var pid: pid_t = 0
            let copy = program.unreadableCopy()
            defer { if copy >= 0 { close(copy) } }
            if copy >= 0, program.helper(channel: channel.raw, file: copy, &pid) == 0 { return HelperProcess(pid: pid) }
            // Where memory may not be run (sysctl vm.memfd_noexec), and for what is not a program of its own.
            guard program.helper(channel: channel.raw, &pid) == 0 else { return nil }
            return HelperProcess(pid: pid)
        }
    }
}

/// A running helper process; the end of this value kills and reaps it.
struct HelperProcess: ~Copyable {
    private let pid: pid_t

    init(pid: pid_t) { self.pid = pid }

    deinit {
        kill(pid, SIGKILL)
        _ = SystemCall.uninterrupted { waitpid(pid, nil, 0) }
    }

    /// Waits for the process to end. Returns how it ended, or `nil` if it still runs at the deadline.
    func end(until deadline: ContinuousClock.Instant) -> String? {
        let descriptor = ProcessDescriptor.open(pid)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var process = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while process.revents == 0 {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .zero else { return nil }
            guard poll(&process, 1, left.roundedUpMilliseconds) >= 0 || errno == EINTR else { return nil }
        }
        // WNOWAIT leaves reaping to `deinit`, so that the process ID is not reused before.
        var information = siginfo_t()
        guard waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT | WNOHANG) == 0 else { return nil }
        let status = information._sifields._sigchld.si_status
        return information.si_code == Int32(CLD_EXITED) ? "exit code \(status)" : "signal \(status)"
    }
}
