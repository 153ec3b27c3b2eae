internal import Glibc

/// A directory that nobody but its owner may enter, or one group besides, so that what is in it is safe from everybody
/// else.
public enum PrivateDirectory {
    /// Makes the directory (0700, or 0750 for a group) if it is not there; its parent must be.
    public static func prepare(_ path: String, group: UInt32? = nil) throws(LocalSocketError) {
        if mkdir(path, 0o700) == 0 {
            if let group { try open(path, to: group) }
        } else if errno != EEXIST {
            if errno == ENOENT { throw .directoryMissing(parent(of: path)) }
            throw .system(call: "mkdir", path: path, errno: errno)
        }
        try check(path, group: group)
    }

    private static func open(_ path: String, to group: UInt32) throws(LocalSocketError) {
        guard lchown(path, uid_t.max, group) == 0 else {
            throw errno == EPERM ? .notInGroup(group) : .system(call: "chown", path: path, errno: errno)
        }
        guard chmod(path, 0o750) == 0 else { throw .system(call: "chmod", path: path, errno: errno) }
    }

    /// As `prepare`, and makes the directories above it as well, as private as it is.
    public static func prepareTree(_ path: String) throws(LocalSocketError) {
        var status = stat()
        let above = parent(of: path)
        if stat(above, &status) != 0, above != "/" { try prepareTree(above) }
        try prepare(path)
    }

    /// Refuses a symbolic link, another owner and loose permissions. The group, if there is one, may enter and list.
    public static func check(_ path: String, group: UInt32? = nil) throws(LocalSocketError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            throw errno == ENOENT ? .directoryMissing(path) : .system(call: "stat", path: path, errno: errno)
        }
        guard status.st_mode & S_IFMT != S_IFLNK else { throw .directoryIsSymbolicLink(path) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory(path) }
        guard status.st_uid == geteuid() else { throw .directoryHasOtherOwner(path, owner: status.st_uid) }
        let mode = status.st_mode & 0o7777
        if let group {
            guard status.st_gid == group, mode & 0o077 == 0o050 else { throw .directoryIsNotForGroup(path, group) }
        } else {
            guard mode & 0o077 == 0 else { throw .directoryIsLoose(path, mode: mode) }
        }
    }

    public static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }
}
