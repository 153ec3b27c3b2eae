internal import Glibc

/// Making durable what was renamed or removed in a directory (fsync(2)).
public enum DirectorySync {
    /// `nil` if it is done, or if the file system has no such thing for directories, as CIFS, vboxsf and some of FUSE;
    /// else the error's number.
    public static func failure(_ descriptor: Int32) -> Int32? {
        guard fsync(descriptor) != 0 else { return nil }
        return [EINVAL, ENOTSUP, EBADF].contains(errno) ? nil : errno
    }
}
