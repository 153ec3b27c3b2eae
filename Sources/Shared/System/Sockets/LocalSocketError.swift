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
    case path(PathFault)
    case system(call: String, path: String, errno: Int32)

    public init(_ fault: PathFault) {
        if case .system(let call, let code) = fault.reason {
            self = .system(call: call, path: fault.path, errno: code)
        } else {
            self = .path(fault)
        }
    }
}

extension LocalSocketError: FaultError {
    public var fault: Fault {
        switch self {
        case .notAnswering(let path):
            Fault(
                "the agent at \(path) does not respond: it accepts no connections",
                hint: "run 'authagent stop', and follow its hint if the agent does not end")
        case .foreignListener(let path, let user):
            Fault(
                "the program that answers at \(path) belongs to user \(UserNumbers.text(user))",
                hint: "run 'sudo -u \(UserNumbers.argument(user)) authagent ...' to use that user's agent; otherwise do"
                    + " not trust it, and set AUTHAGENT_SOCK to a path in your own directory")
        case .unusablePath(let problem, let hint): Fault(problem, hint: hint)
        case .path(let fault): fault.fault
        // systemd-logind creates it at login; a directory created by hand would prevent that.
        case .directoryMissing(let path):
            Fault(
                "\(path) does not exist",
                hint: path.hasPrefix("/run/user/")
                    ? "unset XDG_RUNTIME_DIR, or log in again" : "run 'mkdir -m 700 -p \(path)'")
        case .notADirectory(let path): Fault("\(path) is not a directory", hint: Self.lookHint(path))
        case .directoryIsSymbolicLink(let path): Fault("\(path) is a symbolic link", hint: Self.lookHint(path))
        case .notASocket(let path): Fault("\(path) exists, but is not a socket", hint: Self.lookHint(path))
        case .directoryHasOtherOwner(let path, let owner):
            Fault(
                "\(path) belongs to user \(UserNumbers.text(owner))",
                hint: "\(PathFault.hint(path, owner: owner)), or set AUTHAGENT_SOCK to another path")
        case .directoryIsLoose(let path, let mode):
            Fault(
                "\(path) can be entered by others (mode \(String(mode, radix: 8)))",
                hint: PrivateDirectory.isOnlyAgents(path)
                    ? "run 'chmod 700 \(path)'"
                    : "use a directory that contains only the agent's files; this one contains others")
        case .directoryIsNotForGroup(let path, let group):
            Fault(
                "\(path) must be open to group \(group) and closed to all others",
                hint: PrivateDirectory.isOnlyAgents(path)
                    ? "run 'chgrp \(group) \(path) && chmod 750 \(path)'"
                    : "set AUTHAGENT_SOCK to a path in a directory that contains only the socket")
        case .notInGroup(let group):
            Fault(
                "this user is not a member of the socket's group \(group)",
                hint: "run 'usermod -aG \(group)' with this user's name as root, or change socket_group")
        case .inUse(let path): Fault("another agent already listens at \(path)", hint: Self.runningHint)
        case .locked(_, let pid):
            Fault(
                "another authagentd is already running\(pid.map { " (pid \($0))" } ?? "")", hint: Self.runningHint)
        case .noLocks(let path, let system, let code):
            Fault(
                "the file system\(system.map { " (\($0))" } ?? "") of \(path) does not support locks: flock: "
                    + (code.map { String(cString: strerror($0)) } ?? "no answer"),
                hint: "set XDG_STATE_HOME to a directory on a local disk, for example in /var/tmp or /run/user")
        case .noModes(let path, let system):
            Fault(
                "the file system\(system.map { " (\($0))" } ?? "") of \(path) does not support modes, so others could"
                    + " enter",
                hint: PathFault.moveHint(path))
        case .mountedSocket(let path):
            Fault(
                "\(path) is the mounted socket file of an agent that has ended",
                hint: "mount the directory \(PrivateDirectory.parent(of: path)) of the agent instead of the socket"
                    + " file")
        case .inheritedDescriptor(let descriptor):
            Fault(
                "descriptor \(descriptor) is not a listening Unix socket",
                hint: "check ListenStream= in authagent.socket")
        case .system(let call, let path, let code):
            Fault("\(call) \(path): \(String(cString: strerror(code)))", hint: Self.hint(call, path, errno: code))
        }
    }

    private static let runningHint = "run 'authagent status' to see it, or 'authagent stop' to end it"

    private static func lookHint(_ path: String) -> String {
        "look at 'ls -ld \(path)', or set AUTHAGENT_SOCK and XDG_STATE_HOME to other places"
    }

    private static func hint(_ call: String, _ path: String, errno code: Int32) -> String {
        switch code {
        // After 'su' without '-', the variable names the directory of another login.
        case EACCES where path.hasPrefix("/run/user/"): "unset XDG_RUNTIME_DIR if it is another user's"
        case EACCES where call == "mkdir", EPERM where call == "mkdir", EROFS where call == "mkdir":
            "set XDG_STATE_HOME and XDG_CONFIG_HOME, or AUTHAGENT_SOCK for a socket, to directories that this"
                + " user can write to; \(PrivateDirectory.parent(of: path)) is not writable"
        case EACCES, EPERM, EROFS: "check who may write to \(path)"
        case ENOSPC, EDQUOT: "make room on the disk"
        default: "check \(path)"
        }
    }
}
