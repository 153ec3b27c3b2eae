internal import CLinux
internal import Glibc

/// Opens files that affect logins, if no other user could have put them in place.
public enum TrustedFile {
    /// Opens the file for reading; `nil` if it does not exist. A link is followed if every directory on its way is
    /// root's or this user's, and is not writable by others or is sticky.
    ///
    /// The caller checks the owner and mode of the opened file.
    public static func open(_ path: String) throws(PathFault) -> Descriptor? { try open(path, in: .closed) }

    static func open(_ path: String, in places: PathWalk.Requirement) throws(PathFault) -> Descriptor? {
        let walk = try PathWalk.to(path, places)
        guard walk.rest.count <= 1 else { return nil }
        let name = walk.rest.first ?? "."
        // Without O_NONBLOCK, a FIFO in the file's place would block the reader.
        let raw = openat(walk.directory.raw, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            throw PathFault(path, .system("open", errno))
        }
        return Descriptor(owning: raw)
    }

    /// Opens a directory in which no other user can create or replace files, not even in a volume that root shares with
    /// a group of this process. Returns it with its path without links.
    public static func place(
        _ directory: String, creating: Bool = false
    ) throws(PathFault) -> (directory: OpenDirectory, path: String) {
        var walk = try PathWalk.to(directory, .unshared)
        if creating { try walk.make() }
        guard walk.rest.isEmpty else { throw PathFault(directory, .system("open", ENOENT)) }
        try walk.requireUnshared()
        return (try walk.place(), walk.path)
    }

    /// Opens a directory that others may be able to write to, only to remove files from it; `nil` if it does not exist.
    /// A link of another user is not followed.
    public static func openPlace(_ directory: String) throws(PathFault) -> (directory: OpenDirectory, path: String)? {
        let walk = try PathWalk.to(directory, .none)
        guard walk.rest.isEmpty else { return nil }
        return (try walk.place(), walk.path)
    }

    /// Returns the path without links, as far as its directories exist.
    public static func resolved(_ path: String) -> String {
        guard let walk = try? PathWalk.to(path, .owners) else { return path }
        let rest = walk.rest.reversed().joined(separator: "/")
        return rest.isEmpty ? walk.path : walk.path == "/" ? "/" + rest : walk.path + "/" + rest
    }

    /// Refuses a directory, existing or not, that others could have replaced.
    public static func requireClosed(_ directory: String) throws(PathFault) {
        _ = try PathWalk.to(directory, .closed).path
    }

    /// Refuses a directory, existing or not, that is reached through another user's directory or link.
    public static func requireOwned(_ directory: String) throws(PathFault) {
        _ = try PathWalk.to(directory, .owners).path
    }

    /// Returns the first directory on the way, and of those at its end, that the members of a group cannot enter; `nil`
    /// if they can, as far as modes say. `directory` has no links.
    public static func firstClosed(_ directory: String, to group: UInt32) -> String? {
        var path = "/"
        var names: [Substring] = directory.split(separator: "/").reversed()
        while true {
            let place = Descriptor(owning: clinux_open_step(AT_FDCWD, path, 1))
            var status = stat()
            guard fstat(place.raw, &status) == 0 else { return nil }
            let isOpen = status.st_mode & (status.st_gid == group ? 0o010 : 0o001) != 0
            // An access control list can open it.
            guard isOpen || clinux_has_acl(place.raw) != 0 else { return path }
            guard let name = names.popLast() else { return nil }
            path += path == "/" ? name : "/" + name
        }
    }

    /// Creates the directory and its missing parents, private to this user.
    public static func makeDirectory(_ path: String) throws(PathFault) {
        var walk = try PathWalk.to(path, .closed)
        try walk.make()
    }
}
