internal import Glibc
public import System

/// The reason why a file was not read or written, with the operating system's error.
public enum FileFailure: Error, Equatable, Sendable {
    /// The directory is missing, owned by another user, a symbolic link, or accessible to others.
    case directory(LocalSocketError)
    case system(call: String, path: String, errno: Int32)
    case notARegularFile(String)
    case otherOwner(String, owner: UInt32)
    case readableByOthers(String, mode: UInt32)
    /// The file system ignores modes, so that others can read the file.
    case noModes(Fault)
    /// A key file, which other programs may use as well.
    case keyHasOtherOwner(String, owner: UInt32)
    case tooLarge(String, limit: Int)

    public var isMissingDirectory: Bool { if case .directory(.directoryMissing) = self { true } else { false } }

    /// Whether disk space is the reason: a full disk, a quota or a file size limit.
    public var isForWantOfRoom: Bool {
        if case .system(_, _, let code) = self { [ENOSPC, EDQUOT, EFBIG].contains(code) } else { false }
    }
}

extension FileFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .directory(let error): "\(error)"
        case .system(let call, let path, let code): "\(call) \(path): \(String(cString: strerror(code)))"
        case .notARegularFile(let path): "\(path) is not a regular file"
        case .otherOwner(let path, let owner), .keyHasOtherOwner(let path, let owner):
            "\(path) belongs to user \(UserNumbers.text(owner))"
        case .noModes(let fault): fault.problem
        case .readableByOthers(let path, let mode):
            "\(path) can be read by others (mode \(String(mode, radix: 8)))"
        case .tooLarge(let path, let limit): "\(path) is larger than \(limit) bytes"
        }
    }

    /// The command that repairs it, or what to check.
    public var hint: String {
        switch self {
        // Only the agent creates files in this directory.
        case .directory(.directoryIsLoose(let path, _)): "run 'chmod 700 \(path)'"
        case .directory(let error): error.hint
        case .system where isForWantOfRoom: "make room on the disk"
        case .system(_, let path, EACCES), .system(_, let path, EPERM), .system(_, let path, EROFS):
            "check who may write to \(path)"
        case .system(_, let path, _), .notARegularFile(let path), .tooLarge(let path, _):
            "look at 'ls -ld \(path)'"
        // In the agent's own directory. -h: if a symbolic link takes its place meanwhile, its target keeps its owner.
        case .otherOwner(let path, _): "if it is your file, run 'chown -h \(geteuid()) \(path)' as root"
        case .keyHasOtherOwner(let path, _): "run 'ls -l \(path)' to see its owner, and use a copy of your own"
        case .noModes(let fault): fault.hint
        case .readableByOthers(let path, _): "run 'chmod 600 \(path)'"
        }
    }
}
