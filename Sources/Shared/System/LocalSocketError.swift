internal import Glibc

/// What is wrong with the agent's socket, its directory or its lock.
public enum LocalSocketError: Error, Equatable, Sendable {
    case directoryMissing(String)
    case notADirectory(String)
    case directoryIsSymbolicLink(String)
    case directoryHasOtherOwner(String, owner: UInt32)
    case directoryIsLoose(String, mode: UInt32)
    /// The socket is for a group, and the directory is not (0750).
    case directoryIsNotForGroup(String, UInt32)
    /// The agent's user is not in the group that its socket is for.
    case notInGroup(UInt32)
    case notASocket(String)
    /// A live agent serves here already.
    case inUse(String)
    /// Another agent holds the lock.
    case locked(String, pid: Int32?)
    /// The file system refuses locks, or does not answer: then without an error number.
    case noLocks(String, fileSystem: String?, errno: Int32?)
    /// Modes change nothing there, so that others could enter.
    case noModes(String, fileSystem: String?)
    /// A socket file that is mounted, and whose agent has ended.
    case mountedSocket(String)
    case inheritedDescriptor(Int32)
    /// A program takes no connections at the path of the socket.
    case notAnswering(String)
    /// A program of another user listens at the path.
    case foreignListener(String, user: UInt32)
    /// The environment gives a path that cannot be one of a socket.
    case unusablePath(String, hint: String)
    /// A directory or a link on the way is another user's, or open to others.
    case place(PlaceFault)
    case system(call: String, path: String, errno: Int32)

    public init(_ fault: PlaceFault) {
        if case .system(let call, let code) = fault.reason {
            self = .system(call: call, path: fault.path, errno: code)
        } else {
            self = .place(fault)
        }
    }
}

extension LocalSocketError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notAnswering(let path): "the agent at \(path) hangs: it takes no connections"
        case .foreignListener(let path, let user):
            "the program that answers at \(path) belongs to user \(UserNumbers.text(user))"
        case .unusablePath(let problem, _): problem
        case .place(let fault): fault.description
        case .directoryMissing(let path): "\(path) does not exist"
        case .notADirectory(let path): "\(path) is not a directory"
        case .directoryIsSymbolicLink(let path): "\(path) is a symbolic link"
        case .directoryHasOtherOwner(let path, let owner): "\(path) belongs to user \(UserNumbers.text(owner))"
        case .directoryIsLoose(let path, let mode):
            "\(path) can be entered by others (mode \(String(mode, radix: 8)))"
        case .directoryIsNotForGroup(let path, let group):
            "\(path) is not open to group \(group), and closed to all others"
        case .notInGroup(let group): "this user is not in group \(group), which the socket is for"
        case .notASocket(let path): "\(path) is there, but it is not a socket"
        case .inUse(let path): "an agent serves \(path) already"
        case .locked(_, let pid?): "another authagentd is running already (pid \(pid))"
        case .locked(_, nil): "another authagentd is running already"
        case .noLocks(let path, let system, let code):
            "the file system\(system.map { " (\($0))" } ?? "") of \(path) keeps no locks: flock: "
                + (code.map { String(cString: strerror($0)) } ?? "no answer")
        case .noModes(let path, let system):
            "the file system\(system.map { " (\($0))" } ?? "") of \(path) keeps no modes, so that others could enter"
        case .mountedSocket(let path): "\(path) is the mounted socket file of an agent that has ended"
        case .inheritedDescriptor(let descriptor): "descriptor \(descriptor) is not a listening Unix socket"
        case .system(let call, let path, let code): "\(call) \(path): \(String(cString: strerror(code)))"
        }
    }

    /// The command that repairs it, or what to look at.
    public var hint: String {
        switch self {
        case .notAnswering: "run 'authagent stop', which tells how to end it if it does not"
        case .foreignListener: "set AUTHAGENT_SOCK to a directory of your own"
        case .unusablePath(_, let hint): hint
        case .place(let fault): fault.hint
        // A login makes it; made by hand it would be in the way of that.
        case .directoryMissing(let path) where path.hasPrefix("/run/user/"): "unset XDG_RUNTIME_DIR, or log in anew"
        case .directoryMissing(let path): "run 'mkdir -m 700 -p \(path)'"
        case .notADirectory(let path), .directoryIsSymbolicLink(let path), .notASocket(let path):
            "look at 'ls -ld \(path)', or set AUTHAGENT_SOCK and XDG_STATE_HOME to other places"
        case .directoryHasOtherOwner(let path, let owner):
            "\(PlaceFault.hint(path, owner: owner)), or AUTHAGENT_SOCK to another place"
        case .directoryIsNotForGroup(let path, let group) where PrivateDirectory.isOnlyAgents(path):
            "run 'chgrp \(group) \(path) && chmod 750 \(path)'"
        case .directoryIsNotForGroup: "set AUTHAGENT_SOCK to a path in a directory that has only the socket in it"
        case .notInGroup(let group): "run 'usermod -aG \(group)' with this user's name as root, or change socket_group"
        case .directoryIsLoose(let path, _) where PrivateDirectory.isOnlyAgents(path): "run 'chmod 700 \(path)'"
        case .directoryIsLoose: "other things are in it: name a directory that has only the agent's files in it"
        case .inUse, .locked: "run 'authagent status' to use it, or 'authagent stop' to end it"
        case .noLocks: "set XDG_STATE_HOME to a directory on a local disk, as for example in /var/tmp or /run/user"
        case .noModes(let path, _): PlaceFault.moveHint(path)
        case .mountedSocket(let path):
            "mount the directory \(PrivateDirectory.parent(of: path)) of the agent, not the socket file in it"
        case .inheritedDescriptor: "check ListenStream= in authagent.socket"
        // As after 'su' without '-': the directory of another login.
        case .system(_, let path, EACCES) where path.hasPrefix("/run/user/"):
            "unset XDG_RUNTIME_DIR if it is another user's"
        case .system("mkdir", let path, EACCES), .system("mkdir", let path, EPERM), .system("mkdir", let path, EROFS):
            "set XDG_STATE_HOME and XDG_CONFIG_HOME, or AUTHAGENT_SOCK for a socket, to places where this user may write:"
                + " it may not at \(PrivateDirectory.parent(of: path))"
        case .system(_, let path, EACCES), .system(_, let path, EPERM), .system(_, let path, EROFS):
            "check who may write to \(path)"
        case .system(_, _, ENOSPC), .system(_, _, EDQUOT): "make room on the disk"
        case .system(_, let path, _): "check \(path)"
        }
    }
}
