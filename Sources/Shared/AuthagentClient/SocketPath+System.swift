internal import Glibc

extension SocketPath {
    /// Where the agent of the whole machine listens (`packaging/systemd/system/authagent.socket`).
    public static let ofTheSystem = "/run/authagent/agent.sock"

    /// Whether nobody but root and this user can have made the socket: the directory is root's or that user's, all above
    /// it are root's, and nobody else may write to any of them. It says whose agent is asked, and not that root has chosen
    /// it: a user's home is such a directory, so that whoever names the path decides whom he trusts.
    public func isKept(by user: UInt32) -> Bool { keeper == user }

    /// Whether that is so for the socket's own user, whoever that is.
    public var isKept: Bool { keeper != nil }

    /// Whether a client of this user leaves it to others to start an agent here.
    public func isOthers(than user: UInt32) -> Bool {
        if text == Self.ofTheSystem { return true }
        var status = stat()
        guard lstat(directory, &status) == 0, status.st_uid != user else { return false }
        // Anybody else's directory is none to start an agent in either, but that has another remedy.
        return isDirectoryKept(by: status.st_uid)
    }

    private var keeper: UInt32? {
        var status = stat()
        guard lstat(text, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, isDirectoryKept(by: status.st_uid) else {
            return nil
        }
        return status.st_uid
    }

    /// Refuses symbolic links on the way, and also a sticky directory such as /tmp, where anybody may make what is not
    /// there.
    private func isDirectoryKept(by user: UInt32) -> Bool {
        // What a name means must not depend on another one.
        let names = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if names.contains(where: { ["", ".", ".."].contains($0) }) { return false }
        var path = directory
        var owners: [UInt32] = [0, user]
        while true {
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, owners.contains(status.st_uid),
                status.st_mode & 0o022 == 0
            else { return false }
            if path == "/" { return true }
            path = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "/"
            owners = [0]
        }
    }
}
