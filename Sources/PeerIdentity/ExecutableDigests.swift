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

    private struct State {
        var known: [Key: String] = [:]
        /// The oldest first.
        var order: [Key] = []
    }

    public struct Limits: Sendable {
        /// Larger programs have no digest: 1 GiB takes a second or two.
        public var size: UInt64 = 1 << 30
        /// A file system may answer slowly, or never.
        public var time: Duration = .seconds(10)
        /// Programs that are remembered.
        public var count = 256

        public init() {}
    }

    private let state = Mutex(State())
    private let limits: Limits
    /// Files are spread over them by their number: one that never ends to be read holds up few others.
    private let queues: [DispatchQueue]

    public init(limits: Limits = Limits()) {
        self.limits = limits
        queues = (0..<4).map { DispatchQueue(label: "authagent.digests.\($0)") }
    }

    /// The digest of a file that is known already.
    func known(_ file: FileState) -> String? { state.withLock { $0.known[Key(file.raw)] } }

    /// Of the program that a process runs; nil when it cannot be read, not in time, or changes meanwhile. Read through the
    /// process and not by its path, which may name another file by now.
    func digest(ofProcess pid: Int32, _ file: FileState) async -> String? {
        let queue = queues[Int(file.raw.number % UInt64(queues.count))]
        let end = ContinuousClock.now + limits.time
        let once = Mutex<CheckedContinuation<String?, Never>?>(nil)
        let answer: @Sendable (String?) -> Void = { digest in once.withLock { $0.take() }?.resume(returning: digest) }
        return await withCheckedContinuation { continuation in
            once.withLock { $0 = continuation }
            queue.async { answer(self.read(pid, file, until: end)) }
            // A read that hangs cannot be ended, only no longer waited for.
            let limit = DispatchTimeInterval.milliseconds(Int(limits.time / .milliseconds(1)))
            DispatchQueue.global().asyncAfter(deadline: .now() + limit) { answer(nil) }
        }
    }

    private func read(_ pid: Int32, _ file: FileState, until end: ContinuousClock.Instant) -> String? {
        if let known = known(file) { return known }
        guard ContinuousClock.now < end else { return nil }
        let raw = open("/proc/\(pid)/exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard raw >= 0 else { return nil }
        let descriptor = Descriptor(owning: raw)
        guard let before = FileState(descriptor: raw), before.isSameFile(as: file), before.raw.size <= limits.size
        else { return nil }
        var hash = SHA256()
        var left = before.raw.size
        let isComplete = withUnsafeTemporaryAllocation(byteCount: 128 * 1024, alignment: 16) { buffer in
            while ContinuousClock.now < end {
                let count = Glibc.read(descriptor.raw, buffer.baseAddress, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count >= 0, UInt64(count) <= left else { return false }
                if count == 0 { return left == 0 }
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                left -= UInt64(count)
            }
            return false
        }
        guard isComplete, let after = FileState(descriptor: raw), Key(after.raw) == Key(before.raw) else { return nil }
        let digest = hash.finalize().map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
        remember(digest, for: Key(after.raw))
        return digest
    }

    private func remember(_ digest: String, for key: Key) {
        state.withLock { state in
            if state.known.updateValue(digest, forKey: key) == nil { state.order.append(key) }
            if state.order.count > limits.count { state.known[state.order.removeFirst()] = nil }
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
