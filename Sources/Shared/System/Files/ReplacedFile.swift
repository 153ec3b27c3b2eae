internal import Glibc

/// A file that a command replaces as a whole: a reader sees the old content or the new, and the old one stays if that
/// fails. What is not a regular file is refused, and no link is followed.
public struct ReplacedFile: Sendable {
    /// Who may be able to create files beside it.
    public enum Directory: Sendable {
        /// Any user: the content is not secret.
        case any
        /// Root and this user.
        case own
    }

    public let path: String
    private let directory: OpenDirectory
    private let name: String

    /// Opens the directory of an absolute path. Refuses what cannot be replaced before there is anything to write.
    public init(_ path: String, in place: Directory) throws(Fault) {
        self.path = path
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
        name = String(path[path.index(after: slash)...])
        guard !["", ".", ".."].contains(name) else { throw Self.refused(path, "it is a directory") }
        directory = try Self.open(PrivateDirectory.parent(of: path), place, for: path)
        try requireReplaceable()
    }

    private static func open(_ parent: String, _ place: Directory, for path: String) throws(Fault) -> OpenDirectory {
        do throws(PathFault) {
            if place == .own { return try TrustedFile.place(parent).directory }
            if let found = try TrustedFile.openPlace(parent) { return found.directory }
        } catch {
            if case .system(_, ENOENT) = error.reason { throw missing(parent, for: path) }
            throw Fault("cannot write \(path): \(error.path) \(error.problem)", hint: error.hint)
        }
        throw missing(parent, for: path)
    }

    private static func missing(_ parent: String, for path: String) -> Fault {
        Fault("cannot write \(path): there is no directory \(parent)", hint: "run 'mkdir -p \(parent)'")
    }

    private static func refused(_ path: String, _ reason: String) -> Fault {
        Fault("cannot write \(path): \(reason)", hint: "name a regular file, or one that does not exist yet")
    }

    private func requireReplaceable() throws(Fault) {
        var status = stat()
        guard fstatat(directory.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno != ENOENT else { return }
            throw failure("look at", errno)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFLNK: throw Self.refused(path, "it is a symbolic link")
        case S_IFDIR: throw Self.refused(path, "it is a directory")
        case S_IFIFO: throw Self.refused(path, "it is a FIFO")
        case S_IFSOCK: throw Self.refused(path, "it is a socket")
        default: throw Self.refused(path, "it is a device")
        }
    }

    /// Replaces the file. `mode` is the mode of the new one, whatever the umask.
    public func replace(with bytes: [UInt8], mode: UInt32) throws(Fault) {
        // Another process may have put a FIFO there since. A rename would replace that, too.
        try requireReplaceable()
        // Not a fixed name: two commands may write the same file, and another user could create that name first.
        let temporary = ".\(name.prefix(100)).\(String(UInt64.random(in: 0...UInt64.max), radix: 36))"
        do throws(UnfinishedFile.Failure) {
            // Removed with its last reference if a step fails.
            let file = try UnfinishedFile(temporary, in: directory)
            try file.share(with: nil, mode: mode)
            try file.write(bytes)
            // Without this, a power cut after the rename could leave an empty file.
            try file.synchronize()
            try file.rename(to: name)
        } catch { throw failure(error.call, error.code) }
    }

    private func failure(_ call: String, _ code: Int32) -> Fault {
        let parent = PrivateDirectory.parent(of: path)
        let hint =
            switch code {
            case ENOSPC, EDQUOT: "make room in \(parent)"
            case EACCES, EPERM, EROFS: "check who may write to \(parent) with 'ls -ld \(parent)'"
            case EBUSY: "name a file that is not a mount point"
            default: "look at 'ls -ld \(parent)'"
            }
        return Fault("cannot write \(path): \(call): \(String(cString: strerror(code)))", hint: hint)
    }
}
