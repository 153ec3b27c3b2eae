internal import Glibc

/// The reason why a directory on the way to a file is not controlled by root and this user alone.
public struct PathFault: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        /// The directory or link belongs to another user.
        case owner(UInt32)
        /// Others can replace the directory's contents.
        case writable(owner: UInt32, user: UInt32)
        /// Others can replace the contents, and chmod does not help: the file system (if known) ignores modes.
        case modeless(String?)
        case notADirectory
        case system(String, Int32)
    }

    public let path: String
    public let reason: Reason

    init(_ path: String, _ reason: Reason) { (self.path, self.reason) = (path, reason) }
}

extension PathFault: FaultError {
    /// The hint never changes a directory's owner or revokes shared access.
    public var fault: Fault {
        switch reason {
        case .owner(let owner): Fault("\(path) \(problem)", hint: Self.hint(path, owner: owner))
        case .writable(let owner, let user):
            Fault(
                "\(path) \(problem)",
                hint: owner == user && owner != 0
                    ? "run 'chmod go-w \(path)'"
                    : "have root run 'chmod +t \(path)', or use a directory that only you and root can write to")
        case .modeless: Fault("\(path) \(problem)", hint: Self.moveHint(path))
        case .notADirectory: Fault("\(path) \(problem)", hint: "look at 'ls -ld \(path)'")
        case .system(let call, let code):
            Fault("\(call) \(path): \(String(cString: strerror(code)))", hint: Self.hint(path, errno: code))
        }
    }

    /// The fault's text without the path.
    public var problem: String {
        switch reason {
        case .owner(let owner): "belongs to user \(UserNumbers.text(owner))"
        case .writable: "is writable by others, who could replace its contents"
        case .modeless(let type):
            "is writable by others: its file system\(type.map { " (\($0))" } ?? "") does not support modes"
        case .notADirectory: "is not a directory"
        case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
        }
    }

    private static func hint(_ path: String, errno code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT: "make room on the disk"
        case EACCES, EPERM, EROFS: "check who may write to \(path)"
        default: "check \(path)"
        }
    }

    /// Returns the hint for files that must move to another file system, with the variables that move them.
    static func moveHint(_ path: String) -> String {
        "set XDG_STATE_HOME, XDG_CONFIG_HOME or AUTHAGENT_SOCK, whichever leads to \(path), to a directory on a local disk;"
            + " keep keys and secrets there, too"
    }

    /// Returns the hint for places from another user's environment ('sudo -E', 'su' without '-'), or left behind by
    /// such a command. It never makes root move a directory: that may be the owner's rightful one.
    static func hint(_ path: String, owner: UInt32) -> String {
        if path.hasPrefix("/etc/") { return "have root check 'ls -ld \(path)': root or you must own it" }
        if path.hasSuffix("/authagent"), geteuid() != 0 {
            return "run 'mv \(path) \(path).old'; the agent creates a new one"
        }
        return
            "run 'sudo -u \(UserNumbers.argument(owner)) authagent ...' to use that user's agent; for your own, set HOME,"
            + " XDG_RUNTIME_DIR, XDG_CONFIG_HOME and XDG_STATE_HOME to your own directories"
    }
}
