internal import Glibc

/// A directory that only its owner, or one group besides, may enter, which protects its contents.
public enum PrivateDirectory {
    /// Creates the directory (0700, or 0750 for a group) if it is missing; its parent must exist.
    public static func prepare(_ path: String, group: UInt32? = nil) throws(LocalSocketError) {
        var status = stat()
        if lstat(path, &status) != 0 {
            guard try make(path) else { throw .directoryMissing(parent(of: path)) }
            if let group { try open(path, to: group) }
        }
        try check(path, group: group)
        try OwnedPaths.require([parent(of: path)])
    }

    /// Creates the directory; false if its parent is missing.
    private static func make(_ path: String) throws(LocalSocketError) -> Bool {
        do throws(PathFault) {
            var walk = try PathWalk.to(path, .owners)
            guard walk.rest.count <= 1 else { return false }
            try walk.make()
            return true
        } catch { throw LocalSocketError(error) }
    }

    private static func open(_ path: String, to group: UInt32) throws(LocalSocketError) {
        guard lchown(path, uid_t.max, group) == 0 else {
            throw errno == EPERM ? .notInGroup(group) : .system(call: "chown", path: path, errno: errno)
        }
        guard chmod(path, 0o750) == 0 else { throw .system(call: "chmod", path: path, errno: errno) }
    }

    /// As `prepare`, and creates missing parents with the same protection. A parent may be writable by others, such as
    /// a shared volume: a foreign directory in this one's place is refused by its owner.
    public static func prepareTree(_ path: String) throws(LocalSocketError) {
        var status = stat()
        if lstat(path, &status) == 0 { try check(path) }
        do throws(PathFault) {
            var walk = try PathWalk.to(path, .owners)
            try walk.make()
        } catch { throw LocalSocketError(error) }
        try check(path)
    }

    /// Opens a directory that passes `check`, on a path controlled by root or this user.
    public static func open(_ path: String) throws(LocalSocketError) -> Descriptor {
        try check(path)
        do throws(PathFault) {
            guard let directory = try TrustedFile.open(path, in: .owners) else {
                throw PathFault(path, .notADirectory)
            }
            return directory
        } catch { throw LocalSocketError(error) }
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
            guard mode & 0o077 == 0 else {
                if let system = FileSystemWithoutModes(of: path) { throw .noModes(path, fileSystem: system.type) }
                throw .directoryIsLoose(path, mode: mode)
            }
        }
    }

    public static func parent(of path: String) -> String {
        path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    }

    /// Whether it contains only the agent's files, so that a stricter mode affects no other program.
    static func isOnlyAgents(_ path: String) -> Bool {
        guard let stream = opendir(path) else { return false }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !ownNames.contains(name) && !name.hasSuffix(".sock") { return false }
        }
        return true
    }

    private static let ownNames: Set<String> = [
        ".", "..", "agent.lock", "authagentd.log", "authagentd.log.1", "journal", "notices.json",
        "notices.json.new", "sealed", "sink", "sinks",
    ]
}
