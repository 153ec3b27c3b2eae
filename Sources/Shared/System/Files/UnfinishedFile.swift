internal import Glibc
internal import Synchronization

/// A new file under a temporary name; removed with this object unless it was renamed.
///
/// Durable under its final name after `write`, `synchronize`, `rename`, and fsync(2) of the directory, in this order.
public final class UnfinishedFile: Sendable {
    /// The call that failed, and the name it failed for.
    public struct Failure: Error {
        public let call: String
        public let name: String
        public let code: Int32
    }

    private let directory: OpenDirectory?
    private let name: String
    private let descriptor: Int32
    private let isOpen = Mutex(true)
    /// Whether the file still has its temporary name.
    private let isUnfinished = Mutex(true)

    /// Creates the file, private to this user. EEXIST if the name exists.
    ///
    /// Without a directory, `name` and the final name are paths.
    public init(_ name: String, in directory: OpenDirectory? = nil) throws(Failure) {
        self.directory = directory
        self.name = name
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        descriptor = SystemCall.uninterrupted { openat(directory?.raw ?? AT_FDCWD, name, flags, 0o600) }
        guard descriptor >= 0 else {
            let code = errno
            // An initializer that throws here runs deinit, which must not remove another program's file.
            isOpen.withLock { $0 = false }
            isUnfinished.withLock { $0 = false }
            throw Failure(call: "create", name: name, code: code)
        }
    }

    /// Removes a temporary file that an earlier process has left.
    public static func removeLeft(_ path: String) { unlink(path) }

    deinit {
        close()
        remove()
    }

    private var place: Int32 { directory?.raw ?? AT_FDCWD }

    /// Reserves disk space.
    public func allocate(_ size: Int) throws(Failure) {
        var code: Int32
        repeat { code = posix_fallocate(descriptor, 0, off_t(size)) } while code == EINTR
        guard code == 0 else { throw Failure(call: "fallocate", name: name, code: code) }
    }

    /// Sets group and mode. Call it before `write`, so that the content is never open to others.
    public func share(with group: UInt32?, mode: UInt32) throws(Failure) {
        if let group, fchown(descriptor, uid_t.max, group) != 0 {
            throw Failure(call: "chown", name: name, code: errno)
        }
        guard fchmod(descriptor, mode) == 0 else { throw Failure(call: "chmod", name: name, code: errno) }
    }

    /// Its state, with the number and the time of change of content that it keeps under its final name.
    public func state() throws(Failure) -> FileState {
        guard let state = FileState(descriptor: descriptor) else {
            throw Failure(call: "statx", name: name, code: errno)
        }
        return state
    }

    /// Writes from the start of the file.
    public func write(_ bytes: [UInt8]) throws(Failure) {
        let written = bytes.withUnsafeBytes { SystemCall.writeAll($0, to: descriptor, at: 0) }
        if let code = written.error { throw Failure(call: "write", name: name, code: code) }
    }

    /// Drops reserved space that the content does not fill.
    public func truncate(to size: Int) throws(Failure) {
        guard ftruncate(descriptor, off_t(size)) == 0 else {
            throw Failure(call: "truncate", name: name, code: errno)
        }
    }

    /// Makes the content durable (fsync(2)).
    public func synchronize() throws(Failure) {
        guard fsync(descriptor) == 0 else { throw Failure(call: "fsync", name: name, code: errno) }
    }

    /// Closes the file before the end of this object; only `rename` and `remove` are possible afterwards.
    public func close() {
        isOpen.withLock { isOpen in
            if isOpen { _ = Glibc.close(descriptor) }
            isOpen = false
        }
    }

    /// Replaces a file of this name.
    public func rename(to final: String) throws(Failure) {
        guard renameat(place, name, place, final) == 0 else { throw Failure(call: "rename", name: final, code: errno) }
        isUnfinished.withLock { $0 = false }
    }

    public func remove() {
        isUnfinished.withLock { isUnfinished in
            if isUnfinished { unlinkat(place, name, 0) }
            isUnfinished = false
        }
    }
}
