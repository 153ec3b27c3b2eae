internal import Glibc

/// Why there can be no audit lines in a file.
public struct AuditFileFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public let path: String
    /// Goes on after the path.
    public let problem: String
    public let hint: String

    public var description: String { "\(path): \(problem)" }

    static func system(_ path: String, _ code: Int32) -> AuditFileFailure {
        let hint =
            switch code {
            case ENOSPC, EDQUOT, EFBIG: "make room on the disk"
            case ENOENT: "make its directory, for example with 'install -d -m 700'"
            case EACCES, EPERM: "let user \(geteuid()) write to the file and make it anew in its directory"
            case EROFS: "make its file system writable"
            case ELOOP: "put a file there, and no symbolic link"
            default: "run 'ls -ld \(path)' to see why"
            }
        return AuditFileFailure(path: path, problem: String(cString: strerror(code)), hint: hint)
    }
}
