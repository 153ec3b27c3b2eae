internal import Glibc
public import System

/// The reason why the audit file cannot be used.
public struct AuditFileFailure: FaultError, Equatable {
    public let path: String
    /// Text that follows the path in the message.
    public let problem: String
    public let hint: String

    public var fault: Fault { Fault("\(path): \(problem)", hint: hint) }

    static func system(_ path: String, _ code: Int32) -> AuditFileFailure {
        let hint =
            switch code {
            case ENOSPC, EDQUOT, EFBIG: "make room on the disk"
            case ENOENT: "create its directory, for example with 'install -d -m 700'"
            case EACCES, EPERM: "let user \(geteuid()) write to the file and create it in its directory"
            case EROFS: "make its file system writable"
            case ELOOP: "replace the symbolic link with a regular file"
            default: "run 'ls -ld \(path)' to see why"
            }
        return AuditFileFailure(path: path, problem: String(cString: strerror(code)), hint: hint)
    }
}
