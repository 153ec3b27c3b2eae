internal import CLinux
internal import Crypto
internal import Dispatch
internal import Glibc
internal import LocalSocket
internal import Synchronization

/// SHA-256 of the programs that ask, each file read once for as long as nothing about it changes.
public final class ExecutableDigests: Sendable {
    /// What changes when a file's content does.
    private struct Key: Hashable {
        var device: UInt64
        var number: UInt64
        var size: UInt64
        var modified: [Int64]
        var changed: [Int64]

        init(_ state: clinux_file_state) {
            (device, number, size) = (state.device, state.number, state.size)
            modified = [state.modified.0, state.modified.1]
            changed = [state.changed.0, state.changed.1]
        }
    }

    /// What has come of reading a file. Nil: it could not be read, which need not stay so.
    struct Outcome: Sendable {
        var digest: String?
        fileprivate var user: UInt32
        fileprivate var end: ContinuousClock.Instant?
    }

    private struct State {
        var known: [Key: Outcome] = [:]
        /// The oldest first.
        var order: [Key] = []
        /// Of each user for whom something is being read, or waits to be.
        var lanes: [UInt32: Lane] = [:]
    }

    private struct Lane {
        let queue = DispatchQueue(label: "authagent.digests")
        var count = 0
    }

    public struct Limits: Sendable {
        /// Larger programs have no digest: 256 MiB take half a second.
        public var size: UInt64 = 1 << 28
        /// A file system may answer slowly, or never.
        public var time: Duration = .seconds(10)
        /// Programs that are remembered, and for how long that one could not be read.
        public var count = 256
        public var failureTime: Duration = .seconds(60)
        /// Of one user at once, of which one is read and the others wait; and users for whom anything is read.
        public var waiting = 64
        public var users = 64

        public init() {}
    }

    private let state = Mutex(State())
    private let limits: Limits

    public init(limits: Limits = Limits()) { self.limits = limits }

    /// What is known already of a file: its digest, or that this user's has failed a moment ago. What fails for one user,
    /// who may have had a hand in it, says nothing to others.
    func known(_ file: FileState, user: UInt32) -> Outcome? {
        let key = Key(file.raw)
        return state.withLock { state in
            guard let outcome = state.known[key] else { return nil }
            if let end = outcome.end, end <= .now || outcome.user != user { return nil }
            return outcome
        }
    }

    /// Of the program that a process runs; nil when it cannot be read, not in time, or changes meanwhile. Read through the
    /// process and not by its path, which may name another file by now.
    ///
    /// One at a time of each user: whoever has many large programs, or one that never ends to be read, keeps only himself.
    func digest(ofProcess pid: Int32, _ file: FileState, user: UInt32) async -> String? {
        guard let queue = enter(user) else { return nil }
        let end = ContinuousClock.now + limits.time
        let once = Mutex<CheckedContinuation<String?, Never>?>(nil)
        let answer: @Sendable (String?) -> Void = { digest in once.withLock { $0.take() }?.resume(returning: digest) }
        return await withCheckedContinuation { continuation in
            once.withLock { $0 = continuation }
            queue.async {
                let digest = self.find(pid, file, user, until: end)
                self.leave(user)
                answer(digest)
            }
            // A read that hangs cannot be ended, only no longer waited for.
            let limit = DispatchTimeInterval.milliseconds(Int(limits.time / .milliseconds(1)))
            DispatchQueue.global().asyncAfter(deadline: .now() + limit) { answer(nil) }
        }
    }

    private func enter(_ user: UInt32) -> DispatchQueue? {
        state.withLock { state in
            guard state.lanes[user] != nil || state.lanes.count < limits.users else { return nil }
            var lane = state.lanes[user] ?? Lane()
            guard lane.count < limits.waiting else { return nil }
            lane.count += 1
            state.lanes[user] = lane
            return lane.queue
        }
    }

    private func leave(_ user: UInt32) {
        state.withLock { state in
            state.lanes[user]?.count -= 1
            if state.lanes[user]?.count == 0 { state.lanes[user] = nil }
        }
    }

    private func find(_ pid: Int32, _ file: FileState, _ user: UInt32, until end: ContinuousClock.Instant) -> String? {
        if let known = known(file, user: user) { return known.digest }
        // Nobody waits for it any more.
        guard ContinuousClock.now < end else { return nil }
        let raw = open("/proc/\(pid)/exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard raw >= 0 else { return nil }
        let descriptor = Descriptor(owning: raw)
        // A process that has ended or is another program says nothing about the file.
        guard let opened = FileState(descriptor: raw), Key(opened.raw) == Key(file.raw) else { return nil }
        let digest = opened.raw.size > limits.size ? nil : read(descriptor, opened)
        let failureEnd: ContinuousClock.Instant? = digest == nil ? .now + limits.failureTime : nil
        remember(Outcome(digest: digest, user: user, end: failureEnd), for: Key(file.raw))
        return digest
    }

    private func read(_ descriptor: borrowing Descriptor, _ before: FileState) -> String? {
        let end = ContinuousClock.now + limits.time
        let raw = descriptor.raw
        var hash = SHA256()
        var left = before.raw.size
        let isComplete = withUnsafeTemporaryAllocation(byteCount: 128 * 1024, alignment: 16) { buffer in
            while ContinuousClock.now < end {
                let count = Glibc.read(raw, buffer.baseAddress, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count >= 0, UInt64(count) <= left else { return false }
                if count == 0 { return left == 0 }
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                left -= UInt64(count)
            }
            return false
        }
        guard isComplete, let after = FileState(descriptor: raw), Key(after.raw) == Key(before.raw) else { return nil }
        return hash.finalize().map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }

    /// A user who has had many programs read has his own forgotten, and not those of others.
    private func remember(_ outcome: Outcome, for key: Key) {
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

/// Which file it is, and in which state.
struct FileState: Sendable {
    fileprivate let raw: clinux_file_state

    /// Nil when it cannot be looked at.
    init?(_ path: String) {
        var raw = clinux_file_state()
        guard clinux_file_state(path, &raw) == 0 else { return nil }
        self.raw = raw
    }

    init?(descriptor: Int32) {
        var raw = clinux_file_state()
        guard clinux_open_file_state(descriptor, &raw) == 0 else { return nil }
        self.raw = raw
    }

    func isSameFile(as other: FileState) -> Bool { raw.device == other.raw.device && raw.number == other.raw.number }
}
