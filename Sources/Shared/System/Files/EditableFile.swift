internal import CLinux
internal import Glibc

/// Another program's configuration file of this user: read, shown, and then replaced as a whole if it is still the
/// same.
///
/// Symbolic links are followed, so that a link into a directory of dotfiles stays one.
public struct EditableFile: Sendable {
    public let path: String
    /// `nil` if the file does not exist.
    public private(set) var content: [UInt8]?
    /// The path without links.
    private var target: String
    private var access: (mode: UInt32, group: UInt32)?
    private var state: FileState?

    /// Far above any configuration file.
    private static let longest = 8 << 20

    /// Opens the file. Refuses one that others can write to or replace, and what is not a regular file of this user.
    public init(_ path: String) throws(Fault) {
        self.path = path
        (target, content) = ("", nil)
        let raw: Int32
        do throws(PathFault) {
            let walk = try PathWalk.to(path, .closed)
            guard let name = walk.rest.first else { throw PathFault(path, .system("open", EISDIR)) }
            target = (walk.path == "/" ? "" : walk.path) + "/" + walk.rest.reversed().joined(separator: "/")
            guard walk.rest.count == 1 else { return }
            raw = openat(walk.directory.raw, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
            guard raw >= 0 || errno == ENOENT else { throw PathFault(path, .system("open", errno)) }
        } catch { throw error.fault }
        guard raw >= 0 else { return }
        let file = Descriptor(owning: raw)
        access = try Self.access(file, path)
        state = FileState(descriptor: file.raw)
        var bytes: [UInt8] = []
        if let code = SystemCall.readAll(file.raw, into: &bytes, limit: Self.longest + 1) {
            throw Fault("cannot read \(path): \(String(cString: strerror(code)))", hint: "check \(path)")
        }
        guard bytes.count <= Self.longest else { throw Self.refused(path, "it has more than 8 MiB") }
        content = bytes
    }

    private static func refused(_ path: String, _ reason: String, hint: String? = nil) -> Fault {
        Fault(
            "cannot change \(path): \(reason)", hint: hint ?? "without --write the same command prints what is needed")
    }

    private static func access(
        _ file: borrowing Descriptor, _ path: String
    ) throws(Fault) -> (mode: UInt32, group: UInt32) {
        var status = stat()
        guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw refused(path, "it is not a regular file")
        }
        guard status.st_uid == geteuid() else {
            throw refused(path, "it belongs to user \(UserNumbers.text(status.st_uid))")
        }
        // A new file would have neither its other names nor its list of access rights.
        guard status.st_nlink == 1 else { throw refused(path, "it has other names (hard links)") }
        guard clinux_has_acl(file.raw) == 0 else { throw refused(path, "it has an access control list") }
        let mode = status.st_mode & 0o7777
        let isGroups = mode & 0o020 != 0 && !UserNumbers.isPrivateGroup(status.st_gid, of: status.st_uid)
        guard mode & 0o002 == 0, !isGroups else {
            throw refused(path, "others can write to it", hint: "run 'chmod go-w \(path)'")
        }
        return (mode, status.st_gid)
    }

    /// Refuses a file that has changed since it was opened.
    private func requireUnchanged() throws(Fault) {
        guard FileState(target) == state else {
            throw Self.refused(path, "it has changed meanwhile", hint: "run the same command again")
        }
    }

    /// Replaces the file, with the mode and the group that it has; `mode` is for a new one.
    ///
    /// `lock`: the ending under which its own programs write it beside the file, so that they wait.
    public func replace(with bytes: [UInt8], mode: UInt32 = 0o600, lock: String? = nil) throws(Fault) {
        let slash = target.utf8.lastIndex(of: UInt8(ascii: "/")) ?? target.startIndex
        let name = String(target[target.index(after: slash)...])
        let directory: OpenDirectory
        do throws(PathFault) {
            directory = try Self.directory(PrivateDirectory.parent(of: target))
        } catch { throw error.fault }
        let random = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let temporary = lock.map { name + $0 } ?? ".\(name.prefix(100)).\(random)"
        let file: UnfinishedFile
        do throws(UnfinishedFile.Failure) {
            file = try UnfinishedFile(temporary, in: directory)
            try setAccess(of: temporary, in: directory, new: mode)
            try file.write(bytes)
            try file.synchronize()
        } catch { throw failure(error, isLock: lock != nil) }
        try requireUnchanged()
        do throws(UnfinishedFile.Failure) { try file.rename(to: name) } catch {
            throw failure(error, isLock: lock != nil)
        }
        if let code = DirectorySync.failure(directory.raw) {
            throw Fault("cannot save \(path): \(String(cString: strerror(code)))", hint: "check the disk of \(path)")
        }
    }

    private static func directory(_ path: String) throws(PathFault) -> OpenDirectory {
        var walk = try PathWalk.to(path, .closed)
        try walk.make()
        let raw = openat(walk.directory.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard raw >= 0 else { throw PathFault(path, .system("open", errno)) }
        return OpenDirectory(Descriptor(owning: raw))
    }

    private func setAccess(
        of name: String, in directory: OpenDirectory, new mode: UInt32
    ) throws(UnfinishedFile.Failure) {
        if let group = access?.group {
            guard fchownat(directory.raw, name, uid_t.max, group, AT_SYMLINK_NOFOLLOW) == 0 else {
                throw UnfinishedFile.Failure(call: "chown", name: name, code: errno)
            }
        }
        guard fchmodat(directory.raw, name, access?.mode ?? mode, 0) == 0 else {
            throw UnfinishedFile.Failure(call: "chmod", name: name, code: errno)
        }
    }

    private func failure(_ failure: UnfinishedFile.Failure, isLock: Bool) -> Fault {
        guard !isLock || failure.call != "create" || failure.code != EEXIST else {
            return Fault(
                "cannot write \(path): another program is changing it (\(failure.name))",
                hint: "run the same command again when that program has ended")
        }
        return Fault(
            "cannot write \(path): \(failure.call): \(String(cString: strerror(failure.code)))",
            hint: "without --write the same command prints what is needed")
    }

    /// Removes the file.
    public func remove() throws(Fault) {
        try requireUnchanged()
        guard unlink(target) == 0 else {
            throw Fault("cannot remove \(path): \(String(cString: strerror(errno)))", hint: "check \(path)")
        }
    }
}
