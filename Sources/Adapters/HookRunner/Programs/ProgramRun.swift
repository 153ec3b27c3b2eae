internal import Agent
internal import Glibc
internal import Synchronization
internal import System

/// One run of a program: started, watched by a pidfd, ended with its process group, reaped.
final class ProgramRun: Sendable {
    private struct State {
        /// From the start until the process is reaped, so that its number cannot be another's.
        var process: pid_t?
        var isCancelled = false
    }

    private let start: ProgramStart
    private let input: Descriptor
    private let state = Mutex(State())

    /// A program that was just written may still be open for writing in another starting process (ETXTBSY).
    private static let tries = 10
    private static let pause: Int32 = 20

    /// From SIGKILL on.
    private static let endingTime: Duration = .seconds(5)
    /// Killed programs that have not ended, each with a thread that waits for it.
    private static let unended = Atomic(0)
    private static let mostUnended = 8

    init(_ start: ProgramStart, input: consuming Descriptor) {
        self.start = start
        self.input = input
    }

    /// Ends the program, or keeps it from being started.
    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            if let process = state.process { kill(-process, SIGKILL) }
        }
    }

    /// Blocks until the program has ended, at most for `limit`.
    func perform(within limit: Duration) -> ProgramResult {
        let deadline = ContinuousClock.now + limit
        do throws(Fault) {
            guard Self.unended.load(ordering: .relaxed) < Self.mostUnended else {
                throw Fault(
                    "\(Self.mostUnended) programs do not end although they were killed",
                    hint: "run 'ps -eo pid,stat,args' and look for the state D: a disk or server may hang")
            }
            // Also after a reload: the file may have been changed since.
            try TrustedProgram.require(start.path)
            guard let pipe = DescriptorPair.pipe() else {
                throw Fault("no descriptor is free for \(start.path)", hint: "run 'authagent doctor'")
            }
            let output = Descriptor(owning: pipe.first)
            let isRunning = try begin(Descriptor(owning: pipe.second))
            guard isRunning else { return ProgramResult(.cancelled) }
            return try watch(ProgramOutput(output), until: deadline)
        } catch { return ProgramResult(.notStarted(error)) }
    }

    /// Starts the process; false if the run is cancelled. Closes the agent's own copy of `output`, so that the output
    /// ends with the program.
    private func begin(_ output: consuming Descriptor) throws(Fault) -> Bool {
        for attempt in 1...Self.tries {
            let code: Int32? = state.withLock { state in
                guard !state.isCancelled else { return nil }
                var process: pid_t = 0
                let code = start.session(input: input.raw, output: output.raw, &process)
                if code == 0 { state.process = process }
                return code
            }
            switch code {
            case nil: return false
            case 0?: return true
            case ETXTBSY? where attempt < Self.tries: poll(nil, 0, Self.pause)
            case let code?:
                throw Fault(
                    "cannot run \(start.path): \(String(cString: strerror(code)))",
                    hint: code == ENOEXEC
                        ? "begin the script with '#!' and its interpreter" : "run 'ls -l \(start.path)' to see why")
            }
        }
        return false
    }

    private func watch(
        _ output: consuming ProgramOutput, until deadline: ContinuousClock.Instant
    ) throws(Fault) -> ProgramResult {
        guard let process = state.withLock({ $0.process }) else { return ProgramResult(.cancelled) }
        let end = Descriptor(owning: ProcessDescriptor.open(process))
        let code = errno
        let isInTime = end.raw >= 0 ? output.read(untilEndOf: end, deadline) : false
        // What the program left in its group ends with it: nothing may pile up.
        kill(-process, SIGKILL)
        let status = reap(process, end)
        guard end.raw >= 0 else {
            throw Fault(
                "cannot watch \(start.path): \(String(cString: strerror(code)))", hint: "run 'authagent doctor'")
        }
        let isCancelled = state.withLock { $0.isCancelled }
        let result = isInTime ? status.map(Self.end) : nil
        return ProgramResult(isCancelled ? .cancelled : result ?? .timedOut, output: output.lines)
    }

    /// Reaps a killed process. Returns its status; `nil` if it does not end, as in an uninterruptible sleep: then a thread
    /// waits for it, and other programs go on.
    private func reap(_ process: pid_t, _ end: borrowing Descriptor) -> Int32? {
        let deadline = ContinuousClock.now + Self.endingTime
        var wait = pollfd(fd: end.raw, events: Int16(POLLIN), revents: 0)
        while true {
            var status: Int32 = 0
            let isReaped = state.withLock { state in
                // Under the lock, so that `cancel` never signals a number that is another's by then. Never blocks there.
                guard waitpid(process, &status, WNOHANG) == process else { return false }
                state.process = nil
                return true
            }
            if isReaped { return status }
            guard ContinuousClock.now < deadline else { break }
            // A process that is traced has ended before it can be reaped, so the descriptor alone does not tell.
            if wait.revents == 0, end.raw >= 0 { poll(&wait, 1, Self.pause) } else { poll(nil, 0, Self.pause) }
        }
        state.withLock { $0.process = nil }
        Self.unended.add(1, ordering: .relaxed)
        let isAwaited = WorkerThread.start(named: "reaper") {
            _ = SystemCall.uninterrupted { waitpid(process, nil, 0) }
            Self.unended.subtract(1, ordering: .relaxed)
        }
        if !isAwaited { Self.unended.subtract(1, ordering: .relaxed) }
        return nil
    }

    /// Decodes a status of waitpid(2).
    private static func end(_ status: Int32) -> ProgramResult.End {
        status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
    }
}
