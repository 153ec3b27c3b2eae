internal import Glibc

/// A lock that the kernel releases when its holder ends, however it ends (flock(2)).
public struct FileLock: ~Copyable {
    private let descriptor: Descriptor

    /// Takes the lock or throws `locked` with the holder's process id. The file is never removed: two processes could
    /// then lock two files of one name.
    public init(_ path: String) throws(LocalSocketError) {
        let raw = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard raw >= 0 else { throw .system(call: "open", path: path, errno: errno) }
        let descriptor = Descriptor(owning: raw)
        var tries = 5
        while true {
            let answer = BoundedLock.call(raw, LOCK_EX | LOCK_NB)
            if answer == .done { break }
            guard answer == .failed(EWOULDBLOCK) else { throw Self.unusable(path, answer) }
            tries -= 1
            guard tries > 0 else { throw .locked(path, pid: Self.holder(raw)) }
            // A check with `isHeld` holds the lock for some microseconds.
            _ = poll(nil, 0, 1)
        }
        // Removes the number of a holder that has ended.
        _ = ftruncate(raw, 0)
        self.descriptor = descriptor
    }

    /// Writes this process's number into the file, so that others can find and signal it. The lock itself is the
    /// kernel's.
    public borrowing func announce() {
        var text = "\(getpid())\n"
        text.withUTF8 { _ = pwrite(descriptor.raw, $0.baseAddress, $0.count, 0) }
    }

    private static func unusable(_ path: String, _ answer: BoundedLock.Answer) -> LocalSocketError {
        let code: Int32? = if case .failed(let code) = answer { code } else { nil }
        return .noLocks(path, fileSystem: FileSystemName.of(path), errno: code)
    }

    /// Refuses a file whose lock cannot be queried. A missing file is not locked.
    public static func requireUsable(_ path: String) throws(LocalSocketError) {
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard raw >= 0 else { return }
        let descriptor = Descriptor(owning: raw)
        switch BoundedLock.call(descriptor.raw, LOCK_SH | LOCK_NB) {
        case .done, .failed(EWOULDBLOCK): return
        case let answer: throw unusable(path, answer)
        }
    }

    /// Returns the process that holds the lock, to find an unresponsive agent; `nil` if it is free.
    public static func holder(of path: String) -> Int32? {
        guard let descriptor = openIfHeld(path) else { return nil }
        return holder(descriptor.raw)
    }

    /// Whether any process holds the lock, whatever the file contains.
    public static func isHeld(_ path: String) -> Bool { openIfHeld(path) != nil }

    private static func openIfHeld(_ path: String) -> Descriptor? {
        // Without O_NONBLOCK, a FIFO in the file's place would block the reader.
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard raw >= 0 else { return nil }
        let descriptor = Descriptor(owning: raw)
        // A shared lock conflicts only with a daemon that starts at this moment, which retries.
        guard BoundedLock.call(raw, LOCK_SH | LOCK_NB) == .failed(EWOULDBLOCK) else { return nil }
        return descriptor
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: buffer.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
