internal import Glibc

/// A lock that the kernel takes back when its holder ends, however it ends (flock(2)).
public struct FileLock: ~Copyable {
    private let descriptor: Descriptor

    /// Takes the lock or throws `locked` with the holder's process id. The file stays where it is: removing it would
    /// let two processes hold locks on two files of one name.
    public init(_ path: String) throws(LocalSocketError) {
        let raw = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard raw >= 0 else { throw .system(call: "open", path: path, errno: errno) }
        let descriptor = Descriptor(owning: raw)
        guard flock(raw, LOCK_EX | LOCK_NB) == 0 else {
            guard errno == EWOULDBLOCK else { throw .system(call: "flock", path: path, errno: errno) }
            throw .locked(path, pid: Self.holder(raw))
        }
        var text = "\(getpid())\n"
        // Only for people and error messages: the lock itself is the kernel's.
        _ = ftruncate(raw, 0)
        text.withUTF8 { _ = pwrite(raw, $0.baseAddress, $0.count, 0) }
        self.descriptor = descriptor
    }

    /// The process that holds the lock, for those who look for an agent that does not answer; nil when nobody does.
    public static func holder(of path: String) -> Int32? {
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard raw >= 0 else { return nil }
        let descriptor = Descriptor(owning: raw)
        // A shared lock is in nobody's way but a daemon's that starts this very moment.
        guard flock(descriptor.raw, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return nil }
        return holder(descriptor.raw)
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: buffer.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
