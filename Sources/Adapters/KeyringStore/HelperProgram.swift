internal import Glibc
internal import Synchronization
internal import System

/// The helper's program file, and how a process of it is started.
struct HelperProgram: Sendable {
    let path: String
    /// What it takes to find the session bus, and nothing else of the daemon's.
    private let environment: [String: String]

    private static let passedOn = ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME", "LANG"]

    /// One start at a time: a program that another start's child still has open for writing cannot be run (ETXTBSY).
    private static let starting = Mutex(())

    init(path: String, environment: [String: String]) {
        self.path = path
        self.environment = environment.filter { Self.passedOn.contains($0.key) }
    }

    /// Starts it with `channel` as its input and output. `nil` if it cannot be run.
    ///
    /// Where this user may read the file, a copy runs that the user may not read: the kernel protects such a process from
    /// others of the same user before its first instruction. Else the file itself has that property, or root runs it.
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

/// A helper that runs. It is killed, if it still lives, and reaped with this value.
struct HelperProcess: ~Copyable {
    private let pid: pid_t

    init(pid: pid_t) { self.pid = pid }

    deinit {
        kill(pid, SIGKILL)
        while waitpid(pid, nil, 0) < 0 && errno == EINTR {}
    }

    /// Waits until it has ended by itself; what became of it in words, `nil` if it still runs at the deadline.
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
        // Left to be reaped by `deinit`, so that the id is this process's until then.
        var information = siginfo_t()
        guard waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT | WNOHANG) == 0 else { return nil }
        let status = information._sifields._sigchld.si_status
        return information.si_code == Int32(CLD_EXITED) ? "exit code \(status)" : "signal \(status)"
    }
}
