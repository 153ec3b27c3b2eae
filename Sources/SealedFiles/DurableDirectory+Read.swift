internal import Glibc
internal import LocalSocket

extension DurableDirectory {
    /// The whole file, or nil when it is not there. Anything but this user's own private file is refused.
    public func read(_ name: String, limit: Int) throws(FileFailure) -> [UInt8]? {
        // Without O_NONBLOCK, a FIFO in the file's place would hold the reader up for ever.
        let raw = openat(self.descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            if errno == ELOOP { throw .notARegularFile(path + "/" + name) }
            throw failure("open", name)
        }
        let file = Descriptor(owning: raw)
        var status = stat()
        guard fstat(file.raw, &status) == 0 else { throw failure("stat", name) }
        let path = path + "/" + name
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(path) }
        guard status.st_uid == geteuid() else { throw .otherOwner(path, owner: status.st_uid) }
        let mode = status.st_mode & 0o7777
        guard mode & 0o077 == 0 else { throw .readableByOthers(path, mode: mode) }
        var bytes = [UInt8](repeating: 0, count: min(Int(status.st_size), limit) + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes[count...].withUnsafeMutableBytes { Glibc.read(file.raw, $0.baseAddress, $0.count) }
            if got < 0 && errno == EINTR { continue }
            guard got >= 0 else { throw failure("read", name) }
            if got == 0 { break }
            count += got
        }
        guard count <= limit else { throw .tooLarge(path, limit: limit) }
        return Array(bytes[..<count])
    }
}
