internal import Glibc

/// A problem with the agent's socket, its directory or its lock.
public enum LocalSocketError: Error, Equatable, Sendable {
    case directoryMissing(String)
    case notADirectory(String)
    case directoryIsSymbolicLink(String)
    case directoryHasOtherOwner(String, owner: UInt32)
    case directoryIsLoose(String, mode: UInt32)
    /// The socket is for a group, but the directory is not (0750).
    case directoryIsNotForGroup(String, UInt32)
    /// The agent's user is not a member of the socket's group.
    case notInGroup(UInt32)
    case notASocket(String)
    /// A live agent already listens here.
    case inUse(String)
    /// Another agent holds the lock.
    case locked(String, pid: Int32?)
    /// The file system does not support locks, or does not answer (then without an error number).
    case noLocks(String, fileSystem: String?, errno: Int32?)
    /// The file system ignores modes, so that others could enter.
    case noModes(String, fileSystem: String?)
    /// A mounted socket file whose agent has ended.
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
        case .notAnswering(let path): "the agent at \(path) does not respond: it accepts no connections"
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
            "\(path) must be open to group \(group) and closed to all others"
        case .notInGroup(let group): "this user is not a member of the socket's group \(group)"
        case .notASocket(let path): "\(path) exists, but is not a socket"
        case .inUse(let path): "another agent already listens at \(path)"
        case .locked(_, let pid?): "another authagentd is already running (pid \(pid))"
        case .locked(_, nil): "another authagentd is already running"
        case .noLocks(let path, let system, let code):
            "the file system\(system.map { " (\($0))" } ?? "") of \(path) does not support locks: flock: "
                + (code.map { String(cString: strerror($0)) } ?? "no answer")
        case .noModes(let path, let system):
            "the file system\(system.map { " (\($0))" } ?? "") of \(path) does not support modes, so others could enter"
        case .mountedSocket(let path): "\(path) is the mounted socket file of an agent that has ended"
        case .inheritedDescriptor(let descriptor): "descriptor \(descriptor) is not a listening Unix socket"
        case .system(let call, let path, let code): "\(call) \(path): \(String(cString: strerror(code)))"
        }
    }

    /// The command that repairs it, or what to check.
    public var hint: String {
        switch self {
        case .notAnswering: "run 'authagent stop', and follow its hint if the agent does not end"
        case .foreignListener(_, let user):
            "run 'sudo -u \(UserNumbers.argument(user)) authagent ...' to use that user's agent; otherwise do not trust it,"
                + " and set AUTHAGENT_SOCK to a path in your own directory"
        case .unusablePath(_, let hint): hint
        case .place(let fault): fault.hint
        // systemd-logind creates it at login; a directory created by hand would prevent that.
        case .directoryMissing(let path) where path.hasPrefix("/run/user/"): "unset XDG_RUNTIME_DIR, or log in again"
        case .directoryMissing(let path): "run 'mkdir -m 700 -p \(path)'"
        case .notADirectory(let path), .directoryIsSymbolicLink(let path), .notASocket(let path):
            "look at 'ls -ld \(path)', or set AUTHAGENT_SOCK and XDG_STATE_HOME to other places"
        case .directoryHasOtherOwner(let path, let owner):
            "\(PlaceFault.hint(path, owner: owner)), or set AUTHAGENT_SOCK to another path"
        case .directoryIsNotForGroup(let path, let group) where PrivateDirectory.isOnlyAgents(path):
            "run 'chgrp \(group) \(path) && chmod 750 \(path)'"
        case .directoryIsNotForGroup: "set AUTHAGENT_SOCK to a path in a directory that contains only the socket"
        case .notInGroup(let group): "run 'usermod -aG \(group)' with this user's name as root, or change socket_group"
        case .directoryIsLoose(let path, _) where PrivateDirectory.isOnlyAgents(path): "run 'chmod 700 \(path)'"
        case .directoryIsLoose: "use a directory that contains only the agent's files; this one contains others"
        case .inUse, .locked: "run 'authagent status' to see it, or 'authagent stop' to end it"
        case .noLocks: "set XDG_STATE_HOME to a directory on a local disk, for example in /var/tmp or /run/user"
        case .noModes(let path, _): PlaceFault.moveHint(path)
        case .mountedSocket(let path):
            "mount the directory \(PrivateDirectory.parent(of: path)) of the agent instead of the socket file"
        case .inheritedDescriptor: "check ListenStream= in authagent.socket"
        // After 'su' without '-', the variable names the directory of another login.
        case .system(_, let path, EACCES) where path.hasPrefix("/run/user/"):
            "unset XDG_RUNTIME_DIR if it is another user's"
        case .system("mkdir", let path, EACCES), .system("mkdir", let path, EPERM), .system("mkdir", let path, EROFS):
            "set XDG_STATE_HOME and XDG_CONFIG_HOME, or AUTHAGENT_SOCK for a socket, to directories that this"
                + " user can write to; \(PrivateDirectory.parent(of: path)) is not writable"
        case .system(_, let path, EACCES), .system(_, let path, EPERM), .system(_, let path, EROFS):
            "check who may write to \(path)"
        case .system(_, _, ENOSPC), .system(_, _, EDQUOT): "make room on the disk"
        case .system(_, let path, _): "check \(path)"
        }
    }
}
