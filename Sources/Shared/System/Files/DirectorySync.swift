internal import Glibc

/// Makes renames and removals in a directory durable (fsync(2)).
public enum DirectorySync {
    /// Returns the error number; `nil` if it succeeds, or if the file system does not sync directories (CIFS, vboxsf,
    /// some FUSE file systems).
    public static func failure(_ descriptor: Int32) -> Int32? {
        guard fsync(descriptor) != 0 else { return nil }
        return [EINVAL, ENOTSUP, EBADF].contains(errno) ? nil : errno
    }
}
