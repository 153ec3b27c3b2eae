internal import Glibc
internal import System

extension DurableDirectory {
    /// Reads a whole file; `nil` if there is none. Refuses anything but this user's own private regular file.
    public func read(_ name: String, limit: Int) throws(FileFailure) -> [UInt8]? {
        // Without O_NONBLOCK, opening a FIFO in the file's place would block.
        let raw = openat(self.descriptor, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            if errno == ELOOP { throw .notARegularFile(path + "/" + name) }
            throw failure("open", name)
        }
        let requirement = FileRequirement(owners: .user, forbidden: 0o077)
        return try PrivateFile.read(Descriptor(owning: raw), path + "/" + name, limit: limit, requirement)
    }
}
