internal import Crypto
internal import Glibc
internal import Synchronization
internal import System

/// SHA-256 digests of callers' executables, cached until the file changes.
public final class ExecutableDigests: Sendable {
    /// The result of reading a file; `nil` if it could not be read, which need not stay so.
    struct Outcome: Sendable {
        var digest: String?
        fileprivate var user: UInt32
        fileprivate var end: ContinuousClock.Instant?
    }

    private struct State {
        var known: [FileState: Outcome] = [:]
        /// Keys, the oldest first.
        var order: [FileState] = []
    }

    public struct Limits: Sendable {
        /// Larger programs have no digest: 256 MiB take half a second.
        public var size: UInt64 = 1 << 28
        /// Limit for one file: a file system may be slow or never reply.
        public var time: Duration = .seconds(10)
        /// Cached programs, and the time for which a read error is cached.
        public var count = 256
        public var failureTime: Duration = .seconds(60)
        /// Time without progress after which the user's next read starts beside this one.
        public var turn: Duration = .seconds(2)
        /// Time for which the state of a process's file is cached, if the process itself is unchanged.
        public var snapshotLife: Duration = .seconds(1)

        public init() {}
    }

    private let state = Mutex(State())
    let limits: Limits
    let states: ExecutableStates
    private let accountable: @Sendable (UInt32) -> UInt32

    /// A stat(2) takes some microseconds; a longer one waits for a disk or a server.
    private static let turnOfSnapshots: Duration = .milliseconds(100)

    /// Separate lanes: a stat(2) must not wait for the digest of another, large program.
    private let lanes: BlockingLanes

    /// `accountable` maps a user to the one its reads count against, such as a subordinate user (subuid(5)) to its
    /// owner.
    public init(
        limits: Limits = Limits(), accountable: @escaping @Sendable (UInt32) -> UInt32 = { $0 }
    ) {
        self.limits = limits
        self.accountable = accountable
        var lanes = BlockingLanes.Limits()
        lanes.turn = limits.turn
        let owner = getuid()
        let isOwn: @Sendable (UInt32) -> Bool = { $0 == owner || $0 == 0 }
        self.lanes = BlockingLanes(lanes, isOwn: isOwn)
        lanes.turn = Self.turnOfSnapshots
        states = ExecutableStates(BlockingLanes(lanes, isOwn: isOwn), time: limits.time)
    }

    /// The cached digest of a file, or a recent read error of this user. Errors are cached per user, because a user can
    /// cause them.
    func known(_ file: FileState, user: UInt32) -> Outcome? {
        return state.withLock { state in
            guard let outcome = state.known[file] else { return nil }
            if let end = outcome.end, end <= .now || outcome.user != user { return nil }
            return outcome
        }
    }

    /// The digest of a process's program; `nil` if it cannot be read in time or changes meanwhile. Read through the
    /// process, because its path may name another file by now.
    ///
    /// One read per user at a time: many large programs, or one that never ends, delay only that user's programs.
    func digest(ofProcess pid: Int32, _ file: FileState, user: UInt32) async -> String? {
        let end = ContinuousClock.now + limits.time
        return await lanes.run(of: accountable(user), within: limits.time) { progress in
            self.find(pid, file, user, until: end, progress)
        }
    }

    /// The state of a process's file and, if a rule names `path`, of the file at that path.
    func snapshot(ofProcess pid: Int32, _ path: String?, user: UInt32) async -> ExecutableStates.Snapshot? {
        await states.snapshot(of: pid, path, user: accountable(user))
    }

    private func find(
        _ pid: Int32, _ file: FileState, _ user: UInt32, until end: ContinuousClock.Instant,
        _ progress: BlockingLanes.Progress
    ) -> String? {
        if let known = known(file, user: user) { return known.digest }
        // The caller's time limit has passed.
        guard ContinuousClock.now < end else { return nil }
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let found = OtherProcess.withExecutable(of: pid) { path -> Int32? in
            let raw = open(path, flags)
            return raw < 0 ? nil : raw
        }
        guard let raw = found else { return nil }
        let descriptor = Descriptor(owning: raw)
        // The process has ended or runs another program.
        guard let opened = FileState(descriptor: raw), opened == file else { return nil }
        let digest = opened.size > limits.size ? nil : read(descriptor, opened, progress)
        let failureEnd: ContinuousClock.Instant? = digest == nil ? .now + limits.failureTime : nil
        remember(Outcome(digest: digest, user: user, end: failureEnd), for: file)
        return digest
    }

    private func read(
        _ descriptor: borrowing Descriptor, _ before: FileState, _ progress: BlockingLanes.Progress
    ) -> String? {
        let end = ContinuousClock.now + limits.time
        let raw = descriptor.raw
        var hash = SHA256()
        var left = before.size
        let isComplete = withUnsafeTemporaryAllocation(byteCount: 128 * 1024, alignment: 16) { buffer in
            while ContinuousClock.now < end {
                let count = SystemCall.uninterrupted { Glibc.read(raw, buffer.baseAddress, buffer.count) }
                guard count >= 0, UInt64(count) <= left else { return false }
                if count == 0 { return left == 0 }
                progress.report()
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                left -= UInt64(count)
            }
            return false
        }
        guard isComplete, let after = FileState(descriptor: raw), after == before else { return nil }
        return hash.finalize().map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    /// A user who runs many programs evicts own entries, not those of other users.
    private func remember(_ outcome: Outcome, for key: FileState) {
        state.withLock { state in
            if state.known.updateValue(outcome, forKey: key) == nil { state.order.append(key) }
            let own = state.order.filter { state.known[$0]?.user == outcome.user }
            let share = max(1, limits.count / 4)
            let oldest = own.count > share ? own.first : state.order.count > limits.count ? state.order.first : nil
            guard let oldest else { return }
            state.known[oldest] = nil
            state.order.removeAll { $0 == oldest }
        }
    }
}
