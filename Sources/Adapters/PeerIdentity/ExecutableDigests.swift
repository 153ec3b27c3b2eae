internal import Crypto
internal import Glibc
internal import Synchronization
internal import System

/// SHA-256 of the programs that ask, each file read once for as long as nothing about it changes.
public final class ExecutableDigests: Sendable {
    /// What has come of reading a file. Nil: it could not be read, which need not stay so.
    struct Outcome: Sendable {
        var digest: String?
        fileprivate var user: UInt32
        fileprivate var end: ContinuousClock.Instant?
    }

    private struct State {
        var known: [FileState: Outcome] = [:]
        /// The oldest first.
        var order: [FileState] = []
    }

    public struct Limits: Sendable {
        /// Larger programs have no digest: 256 MiB take half a second.
        public var size: UInt64 = 1 << 28
        /// A file system may answer slowly, or never.
        public var time: Duration = .seconds(10)
        /// Programs that are remembered, and for how long that one could not be read.
        public var count = 256
        public var failureTime: Duration = .seconds(60)
        /// A read that makes no progress for this long lets the user's next one begin beside it.
        public var turn: Duration = .seconds(2)
        /// For so long a look at a process's file is good, if the process still shows the same.
        public var lookLife: Duration = .seconds(1)

        public init() {}
    }

    private let state = Mutex(State())
    let limits: Limits
    let looks: ExecutableLooks
    private let accountable: @Sendable (UInt32) -> UInt32

    /// A look takes some microseconds. One that takes longer waits for a disk or a server.
    private static let turnOfLooks: Duration = .milliseconds(100)

    /// Apart from looks: a large program takes its time, and a look at another one must not wait for it.
    private let lanes: BlockingLanes

    /// `accountable`: to which user another one counts, such as a subordinate one (subuid(5)) to its owner.
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
        lanes.turn = Self.turnOfLooks
        looks = ExecutableLooks(BlockingLanes(lanes, isOwn: isOwn), time: limits.time)
    }

    /// What is known already of a file: its digest, or that this user's has failed a moment ago. What fails for one user,
    /// who may have had a hand in it, says nothing to others.
    func known(_ file: FileState, user: UInt32) -> Outcome? {
        return state.withLock { state in
            guard let outcome = state.known[file] else { return nil }
            if let end = outcome.end, end <= .now || outcome.user != user { return nil }
            return outcome
        }
    }

    /// Of the program that a process runs; nil when it cannot be read, not in time, or changes meanwhile. Read through the
    /// process and not by its path, which may name another file by now.
    ///
    /// One at a time of each user: many large programs, or one that never ends to be read, keep only that
    /// user's programs.
    func digest(ofProcess pid: Int32, _ file: FileState, user: UInt32) async -> String? {
        let end = ContinuousClock.now + limits.time
        return await lanes.run(of: accountable(user), within: limits.time) { sign in
            self.find(pid, file, user, until: end, sign)
        }
    }

    /// Looks at the program of a process, and, if a rule names its path, at what is there.
    func look(ofProcess pid: Int32, _ path: String?, user: UInt32) async -> ExecutableLooks.Look? {
        await looks.look(at: pid, path, user: accountable(user))
    }

    private func find(
        _ pid: Int32, _ file: FileState, _ user: UInt32, until end: ContinuousClock.Instant, _ sign: BlockingLanes.Sign
    ) -> String? {
        if let known = known(file, user: user) { return known.digest }
        // Nobody waits for it any more.
        guard ContinuousClock.now < end else { return nil }
        let raw = open("/proc/\(pid)/exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard raw >= 0 else { return nil }
        let descriptor = Descriptor(owning: raw)
        // A process that has ended or is another program says nothing about the file.
        guard let opened = FileState(descriptor: raw), opened == file else { return nil }
        let digest = opened.size > limits.size ? nil : read(descriptor, opened, sign)
        let failureEnd: ContinuousClock.Instant? = digest == nil ? .now + limits.failureTime : nil
        remember(Outcome(digest: digest, user: user, end: failureEnd), for: file)
        return digest
    }

    private func read(
        _ descriptor: borrowing Descriptor, _ before: FileState, _ sign: BlockingLanes.Sign
    ) -> String? {
        let end = ContinuousClock.now + limits.time
        let raw = descriptor.raw
        var hash = SHA256()
        var left = before.size
        let isComplete = withUnsafeTemporaryAllocation(byteCount: 128 * 1024, alignment: 16) { buffer in
            while ContinuousClock.now < end {
                let count = Glibc.read(raw, buffer.baseAddress, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count >= 0, UInt64(count) <= left else { return false }
                if count == 0 { return left == 0 }
                sign.show()
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

    /// A user who has had many programs read has his own forgotten, and not those of others.
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
