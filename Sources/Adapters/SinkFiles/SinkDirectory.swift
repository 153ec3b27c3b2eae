internal import Glibc
internal import System

/// The directory of one sink's file, in which no other user can create or replace anything.
struct SinkDirectory {
    private let directory: OpenDirectory
    /// Without links.
    let path: String
    let name: String

    /// Opens the directory of a file. `creating` makes it, private to this user, if it is missing.
    init(of file: String, creating: Bool) throws(Fault) {
        let parent = PrivateDirectory.parent(of: file)
        name = String(file[file.index(after: file.lastIndex(of: "/") ?? file.startIndex)...])
        do throws(PathFault) { (directory, path) = try TrustedFile.place(parent, creating: creating) } catch {
            throw Self.fault(file, parent, error)
        }
    }

    /// Opens the directory of a file that is to be removed, also one that others can write to by now; `nil` if it is gone.
    init?(leaving file: String) throws(Fault) {
        let parent = PrivateDirectory.parent(of: file)
        name = String(file[file.index(after: file.lastIndex(of: "/") ?? file.startIndex)...])
        do throws(PathFault) {
            guard let reached = try TrustedFile.openPlace(parent) else { return nil }
            (directory, path) = reached
        } catch {
            throw Fault("cannot remove \(file): \(error.path) \(error.problem)", hint: "remove it with 'rm \(file)'")
        }
    }

    private static func fault(_ file: String, _ parent: String, _ fault: PathFault) -> Fault {
        switch fault.reason {
        case .system(_, ENOENT):
            Fault(
                "cannot create \(file): there is no directory \(parent)",
                hint: "run 'mkdir -p -m 755 \(parent)', or have systemd-tmpfiles(8) create it at each start")
        case .writable, .modeless:
            Fault(
                "cannot create \(file): others may write to \(fault.path), and could replace the file",
                hint: "name a directory that only you and root can write to; without a path, the agent uses its own")
        case .owner, .notADirectory, .system:
            Fault("cannot create \(file): \(fault.path) \(fault.problem)", hint: fault.hint)
        }
    }

    /// The mark of the regular file with this name; `nil` if there is none. A link is not followed.
    func mark(of name: String) throws(Fault) -> FileMark? {
        var status = stat()
        guard fstatat(directory.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno != ENOENT else { return nil }
            throw system("look at", name, errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            let what = status.st_mode & S_IFMT == S_IFLNK ? "a symbolic link" : "not a regular file"
            throw Fault(
                "cannot write \(path)/\(name): it is \(what)",
                hint: "look at 'ls -ld \(path)/\(name)', and move it away")
        }
        return FileMark(status)
    }

    /// Whether the file is as it would be written.
    func holds(_ content: [UInt8], _ name: String, mode: UInt32, group: UInt32?) -> (content: Bool, rights: Bool) {
        let raw = openat(directory.raw, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard raw >= 0 else { return (false, false) }
        let file = Descriptor(owning: raw)
        var status = stat()
        guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return (false, false) }
        var bytes: [UInt8] = []
        let isRead = SystemCall.readAll(file.raw, into: &bytes, limit: content.count + 1) == nil
        let isOwn = status.st_uid == geteuid() && (group.map { status.st_gid == $0 } ?? true)
        return (isRead && bytes == content, isOwn && status.st_mode & 0o7777 == mode)
    }

    /// Creates a file that is whole, with its group and mode set before its content, but not in place yet.
    func prepare(
        _ content: [UInt8], for name: String, mode: UInt32, group: (name: String, id: UInt32)?
    ) throws(Fault) -> (file: UnfinishedFile, mark: FileMark) {
        // One agent writes one file at a time, so that a name left by a killed agent is free.
        let temporary = Self.temporary(name)
        unlinkat(directory.raw, temporary, 0)
        do throws(UnfinishedFile.Failure) {
            // Removed with its last reference if a step fails.
            let file = try UnfinishedFile(temporary, in: directory)
            try file.share(with: group?.id, mode: mode)
            try file.write(content)
            let mark = FileMark(try file.state())
            file.close()
            return (file, mark)
        } catch {
            if error.call == "chown", error.code == EPERM, let group {
                throw Fault(
                    "cannot give \(path)/\(name) to the group \(group.name): this user is not a member",
                    hint: "run 'usermod -aG \(group.name) USER' as root, and start the agent again")
            }
            throw system(error.call, name, error.code)
        }
    }

    func put(_ file: UnfinishedFile, inPlaceOf name: String) throws(Fault) {
        do throws(UnfinishedFile.Failure) { try file.rename(to: name) } catch {
            file.remove()
            throw system(error.call, name, error.code)
        }
    }

    /// Removes this user's regular file of that name if `isOurs` accepts its mark, and what a killed agent has left of
    /// its replacement.
    func remove(_ name: String, if isOurs: (FileMark) -> Bool) throws(Fault) {
        if try ownFile(Self.temporary(name)) != nil { try remove(Self.temporary(name)) }
        if let mark = try ownFile(name), isOurs(mark) { try remove(name) }
    }

    private static func temporary(_ name: String) -> String { ".\(name).authagent-new" }

    private func ownFile(_ name: String) throws(Fault) -> FileMark? {
        var status = stat()
        guard fstatat(directory.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            guard errno != ENOENT else { return nil }
            throw system("look at", name, errno)
        }
        return status.st_mode & S_IFMT == S_IFREG && status.st_uid == geteuid() ? FileMark(status) : nil
    }

    private func remove(_ name: String) throws(Fault) {
        guard unlinkat(directory.raw, name, 0) == 0 || errno == ENOENT else { throw system("remove", name, errno) }
    }

    private func system(_ call: String, _ name: String, _ code: Int32) -> Fault {
        let hint =
            switch code {
            case ENOSPC, EDQUOT: "make room in \(path)"
            case EACCES, EPERM, EROFS: "check who may write to \(path) with 'ls -ld \(path)'"
            default: "look at 'ls -ld \(path)'"
            }
        return Fault("cannot \(call) \(path)/\(name): \(String(cString: strerror(code)))", hint: hint)
    }
}

/// What tells a file from another of its name: a file system may give its number to the next one.
struct FileMark: Equatable {
    let number: UInt64
    let seconds: Int64
    let nanoseconds: Int64

    init(number: UInt64, seconds: Int64, nanoseconds: Int64) {
        (self.number, self.seconds, self.nanoseconds) = (number, seconds, nanoseconds)
    }

    init(_ state: FileState) {
        self.init(number: state.number, seconds: state.modified.seconds, nanoseconds: state.modified.nanoseconds)
    }

    fileprivate init(_ status: stat) {
        self.init(
            number: UInt64(status.st_ino), seconds: Int64(status.st_mtim.tv_sec),
            nanoseconds: Int64(status.st_mtim.tv_nsec))
    }
}
