internal import Glibc
internal import Synchronization

/// A file under a temporary name; removed with this object unless it was renamed.
final class UnfinishedFile: Sendable {
    private let directory: DurableDirectory
    private let name: String
    private let descriptor: Int32
    /// Whether the file still has its temporary name.
    private let isUnfinished = Mutex(true)

    init(in directory: DurableDirectory) throws(FileFailure) {
        self.directory = directory
        var made: (name: String, descriptor: Int32)
        repeat {
            let name = DurableDirectory.unfinishedPrefix + String(UInt64.random(in: 0...UInt64.max), radix: 36)
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
            made = (name, openat(directory.descriptor, name, flags, 0o600))
        } while made.descriptor < 0 && (errno == EEXIST || errno == EINTR)
        guard made.descriptor >= 0 else { throw directory.failure("create", made.name) }
        (name, descriptor) = made
    }

    deinit {
        close(descriptor)
        remove()
    }

    func allocate(_ size: Int) throws(FileFailure) {
        var code: Int32
        repeat { code = posix_fallocate(descriptor, 0, off_t(size)) } while code == EINTR
        guard code == 0 else { throw .system(call: "fallocate", path: directory.path + "/" + name, errno: code) }
        guard fsync(descriptor) == 0 else { throw directory.failure("fsync", name) }
    }

    /// Writes `bytes` as the whole content, and makes it durable.
    func fill(_ bytes: [UInt8]) throws(FileFailure) {
        var count = 0
        while count < bytes.count {
            let written = bytes[count...].withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress, $0.count, off_t(count))
            }
            if written < 0 && errno == EINTR { continue }
            guard written >= 0 else { throw directory.failure("write", name) }
            count += written
        }
        guard ftruncate(descriptor, off_t(bytes.count)) == 0 else { throw directory.failure("truncate", name) }
        guard fsync(descriptor) == 0 else { throw directory.failure("fsync", name) }
    }

    func rename(to final: String) throws(FileFailure) {
        guard renameat(directory.descriptor, name, directory.descriptor, final) == 0 else {
            throw directory.failure("rename", final)
        }
        isUnfinished.withLock { $0 = false }
    }

    func remove() {
        isUnfinished.withLock { isUnfinished in
            if isUnfinished { unlinkat(directory.descriptor, name, 0) }
            isUnfinished = false
        }
    }
}
