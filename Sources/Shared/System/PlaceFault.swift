internal import Glibc

/// Why a directory on the way to a file is not one that only root and this user decide about.
public struct PlaceFault: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        /// A directory or a link of another user.
        case owner(UInt32)
        /// Others may put something else in the place of what is in it.
        case writable(owner: UInt32, user: UInt32)
        /// The same, and no mode can change it: the file system, if it is known, keeps none.
        case modeless(String?)
        case notADirectory
        case system(String, Int32)
    }

    public let path: String
    public let reason: Reason

    init(_ path: String, _ reason: Reason) { (self.path, self.reason) = (path, reason) }
}

extension PlaceFault: CustomStringConvertible {
    public var description: String {
        switch reason {
        case .owner, .writable, .modeless, .notADirectory: "\(path) \(problem)"
        case .system(let call, let code): "\(call) \(path): \(String(cString: strerror(code)))"
        }
    }

    /// As `description`, without the path.
    public var problem: String {
        switch reason {
        case .owner(let owner): "belongs to user \(UserNumbers.text(owner))"
        case .writable: "can be written to by others, who could put something else there"
        case .modeless(let type):
            "can be written to by others: its file system\(type.map { " (\($0))" } ?? "") keeps no modes"
        case .notADirectory: "is not a directory"
        case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
        }
    }

    /// The command that repairs it. None changes a directory's owner, or takes from others what they share.
    public var hint: String {
        switch reason {
        case .owner(let owner): Self.hint(path, owner: owner)
        case .writable(let owner, let user):
            owner == user && owner != 0
                ? "run 'chmod go-w \(path)'"
                : "have root run 'chmod +t \(path)', or name a place that only you and root may write to"
        case .modeless: Self.moveHint(path)
        case .notADirectory: "look at 'ls -ld \(path)'"
        case .system(_, ENOSPC), .system(_, EDQUOT): "make room on the disk"
        case .system(_, EACCES), .system(_, EPERM), .system(_, EROFS): "check who may write to \(path)"
        case .system: "check \(path)"
        }
    }

    /// For what has to be on another file system, with the variables that move it.
    static func moveHint(_ path: String) -> String {
        "set XDG_STATE_HOME, XDG_CONFIG_HOME or AUTHAGENT_SOCK, whichever leads to \(path), to a place on a local disk;"
            + " keys and secrets belong there as well"
    }

    /// For what another user's environment leads to, as with 'sudo -E' or 'su' without '-'; or for what such a command has
    /// left behind. Root is told of no directory to move: it may be the right one of its owner's.
    static func hint(_ path: String, owner: UInt32) -> String {
        if path.hasPrefix("/etc/") { return "have root look at 'ls -ld \(path)': it must belong to root or to you" }
        if path.hasSuffix("/authagent"), geteuid() != 0 {
            return "run 'mv \(path) \(path).old'; the agent makes a new one"
        }
        return
            "run 'sudo -u \(UserNumbers.argument(owner)) authagent ...' for that user's agent; for your own, set HOME,"
            + " XDG_RUNTIME_DIR, XDG_CONFIG_HOME and XDG_STATE_HOME to places of your own"
    }
}
