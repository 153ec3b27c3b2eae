internal import Glibc

/// Opens files that decide over logins, so that no other user can have put them where they are.
public enum TrustedFile {
    /// Opens the file to read it; `nil` if there is none. A link is followed if all on its way is closed to others:
    /// every directory from / on is root's or this user's, and others cannot write to it, or it is sticky.
    ///
    /// The caller checks the owner and mode of what was opened.
    public static func open(_ path: String) throws(PlaceFault) -> Descriptor? { try open(path, in: .closed) }

    static func open(_ path: String, in places: PathWalk.Requirement) throws(PlaceFault) -> Descriptor? {
        let walk = try PathWalk.to(path, places)
        guard walk.rest.count <= 1 else { return nil }
        let name = walk.rest.first ?? "."
        // Without O_NONBLOCK, a FIFO in the file's place would hold the reader up without an end.
        let raw = openat(walk.directory.raw, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard raw >= 0 else {
            if errno == ENOENT { return nil }
            throw PlaceFault(path, .system("open", errno))
        }
        return Descriptor(owning: raw)
    }

    /// Refuses a directory, there or not, that others could have put in its place.
    public static func requireClosed(_ directory: String) throws(PlaceFault) {
        _ = try PathWalk.to(directory, .closed).path
    }

    /// Refuses a directory, there or not, that another user's directory or link leads to.
    public static func requireOwned(_ directory: String) throws(PlaceFault) {
        _ = try PathWalk.to(directory, .owners).path
    }

    /// Makes the directory and those above it that are missing, private to this user.
    public static func makeDirectory(_ path: String) throws(PlaceFault) {
        var walk = try PathWalk.to(path, .closed)
        try walk.make()
    }
}
