internal import CLinux
internal import Glibc

/// A walk from / to a path, step by step: no link is followed before its owner is known (openat(2), O_PATH).
struct PathWalk: ~Copyable {
    /// The requirement for the directories on the way.
    enum Requirement {
        /// Only that links are root's or this user's.
        case none
        /// Owned by root or this user.
        case owners
        /// Also not writable by others, like sshd's StrictModes (sshd_config(5)).
        case closed
        /// Also not shared by root with a group of this process, as pod volumes are.
        case unshared
    }

    /// The directory reached, and its path without links.
    private(set) var directory: Descriptor
    private(set) var path = "/"
    /// The remaining names, the next one last: missing ones, or a file.
    private(set) var rest: [String]

    private let requirement: Requirement
    private let user = geteuid()
    private var links = 0

    /// The kernel's own limit (path_resolution(7)).
    private static let mostLinks = 40

    private init(from root: consuming Descriptor, _ rest: [String], _ requirement: Requirement) {
        directory = root
        self.rest = rest
        self.requirement = requirement
    }

    /// Walks as far as directories exist.
    static func to(_ path: String, _ requirement: Requirement) throws(PathFault) -> PathWalk {
        guard path.utf8.first == UInt8(ascii: "/") else { throw PathFault(path, .notADirectory) }
        var walk = PathWalk(from: try root(), names(path), requirement)
        try walk.check("/")
        while let name = walk.rest.last, try walk.step(name) {}
        return walk
    }

    /// Refuses the directory reached if others may create files in it, also a sticky one.
    func requireUnshared() throws(PathFault) {
        var status = stat()
        guard fstat(directory.raw, &status) == 0 else { throw PathFault(path, .system("stat", errno)) }
        guard status.st_mode & S_ISVTX != 0, status.st_mode & 0o022 != 0 else { return }
        throw PathFault(path, .writable(owner: status.st_uid, user: user))
    }

    /// Opens the directory reached once more, as a place for files.
    func place() throws(PathFault) -> OpenDirectory {
        let raw = clinux_open_step(directory.raw, ".", 1)
        guard raw >= 0 else { throw PathFault(path, .system("open", errno)) }
        return OpenDirectory(Descriptor(owning: raw))
    }

    /// Creates the missing directories, private to this user, and enters them.
    mutating func make() throws(PathFault) {
        while let name = rest.last {
            let next = Self.join(path, name)
            guard mkdirat(directory.raw, name, 0o700) == 0 || errno == EEXIST else {
                throw PathFault(next, .system("mkdir", errno))
            }
            // Another process may have created it meanwhile, so it is checked like the others.
            guard try step(name) else { throw PathFault(next, .notADirectory) }
        }
    }

    /// Enters the next directory; false if there is none of that name.
    private mutating func step(_ name: String) throws(PathFault) -> Bool {
        let next = Self.join(path, name)
        let raw = clinux_open_step(directory.raw, name, 1)
        if raw >= 0 {
            rest.removeLast()
            directory = Descriptor(owning: raw)
            path = next
            try check(next)
            return true
        }
        switch errno {
        case ENOENT: return false
        case ENOTDIR, ELOOP: return try follow(name, next)
        default: throw PathFault(next, .system("open", errno))
        }
    }

    private mutating func follow(_ name: String, _ next: String) throws(PathFault) -> Bool {
        let raw = clinux_open_step(directory.raw, name, 0)
        guard raw >= 0 else { throw PathFault(next, .system("open", errno)) }
        let link = Descriptor(owning: raw)
        var status = stat()
        guard fstat(link.raw, &status) == 0 else { throw PathFault(next, .system("stat", errno)) }
        guard status.st_mode & S_IFMT == S_IFLNK else {
            guard rest.count == 1 else { throw PathFault(next, .notADirectory) }
            return false
        }
        guard UserNumbers.trusts(status.st_uid, user: user) else { throw PathFault(next, .owner(status.st_uid)) }
        links += 1
        let magic = clinux_open_magic_link(directory.raw, name)
        if magic >= 0 {
            rest.removeLast()
            directory = Descriptor(owning: magic)
            path = next
            try check(next)
            return true
        }
        guard errno == ENOLINK else { throw PathFault(next, .system("open", errno)) }
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = target.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlinkat(link.raw, "", $0.assumingMemoryBound(to: CChar.self), bytes.count) } ?? 0
        }
        guard count > 0, count < target.count, links <= Self.mostLinks else {
            throw PathFault(next, .system("readlink", count < 0 ? errno : ELOOP))
        }
        let text = String(decoding: target.prefix(count), as: UTF8.self)
        rest.removeLast()
        rest += Self.names(text)
        if text.utf8.first == UInt8(ascii: "/") {
            directory = try Self.root()
            path = "/"
        }
        return true
    }

    private func check(_ path: String) throws(PathFault) {
        var status = stat()
        guard requirement != .none else { return }
        guard fstat(directory.raw, &status) == 0 else { throw PathFault(path, .system("stat", errno)) }
        guard UserNumbers.trusts(status.st_uid, user: user) else { throw PathFault(path, .owner(status.st_uid)) }
        // In a sticky directory others cannot move entries of root or this user, and the next step must be one.
        guard requirement != .owners, status.st_mode & S_ISVTX == 0 else { return }
        let isGroups =
            status.st_mode & 0o020 != 0
            && (clinux_has_acl(directory.raw) != 0
                || !UserNumbers.isPrivateGroup(status.st_gid, of: status.st_uid))
        guard status.st_mode & 0o002 == 0, !isGroups else {
            if requirement == .closed, isVolume(status) { return }
            if let system = FileSystemWithoutModes(of: readable(), path) {
                throw PathFault(path, .modeless(system.type))
            }
            throw PathFault(path, .writable(owner: status.st_uid, user: user))
        }
    }

    /// Whether this is a pod volume of Kubernetes (fsGroup, emptyDir): root's, and set-group-ID for a group of this
    /// process. Root decided who shares it.
    private func isVolume(_ status: stat) -> Bool {
        guard user != 0, status.st_uid == 0, status.st_mode & S_ISGID != 0 else { return false }
        if status.st_gid == getegid() { return true }
        var groups = [gid_t](repeating: 0, count: Int(max(0, getgroups(0, nil))))
        let count = getgroups(Int32(groups.count), &groups)
        return groups.prefix(Int(max(0, count))).contains(status.st_gid)
    }

    /// Reopens the directory for more than the walk.
    private func readable() -> Descriptor {
        Descriptor(owning: openat(directory.raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
    }

    private static func root() throws(PathFault) -> Descriptor {
        let raw = clinux_open_step(AT_FDCWD, "/", 1)
        guard raw >= 0 else { throw PathFault("/", .system("open", errno)) }
        return Descriptor(owning: raw)
    }

    private static func names(_ path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.reversed().map(String.init)
    }

    private static func join(_ path: String, _ name: String) -> String {
        if name == ".." { return PrivateDirectory.parent(of: path) }
        return path == "/" ? "/" + name : path + "/" + name
    }
}
