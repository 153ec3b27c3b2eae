internal import Glibc
public import System

/// Why a file was not written or read, with the operating system's reason.
public enum FileFailure: Error, Equatable, Sendable {
    /// The directory is missing, another user's, a symbolic link or open to others.
    case directory(LocalSocketError)
    case system(call: String, path: String, errno: Int32)
    case notARegularFile(String)
    case otherOwner(String, owner: UInt32)
    case readableByOthers(String, mode: UInt32)
    /// Of key material, which other programs may use as well.
    case keyHasOtherOwner(String, owner: UInt32)
    case tooLarge(String, limit: Int)

    public var isMissingDirectory: Bool { if case .directory(.directoryMissing) = self { true } else { false } }

    /// Whether it is for want of room: a full disk, a quota or a limit on the size of files.
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
        case .readableByOthers(let path, let mode):
            "\(path) can be read by others (mode \(String(mode, radix: 8)))"
        case .tooLarge(let path, let limit): "\(path) is larger than \(limit) bytes"
        }
    }

    /// The command that repairs it, or what to look at.
    public var hint: String {
        switch self {
        // A directory of files that only the agent makes.
        case .directory(.directoryIsLoose(let path, _)): "run 'chmod 700 \(path)'"
        case .directory(let error): error.hint
        case .system where isForWantOfRoom: "make room on the disk"
        case .system(_, let path, EACCES), .system(_, let path, EPERM), .system(_, let path, EROFS):
            "check who may write to \(path)"
        case .system(_, let path, _), .notARegularFile(let path), .tooLarge(let path, _):
            "look at 'ls -ld \(path)'"
        // In the agent's own directory. -h: the owner of no other file, if a link is put there meanwhile.
        case .otherOwner(let path, _): "if you have put it there, run 'chown -h \(geteuid()) \(path)' as root"
        case .keyHasOtherOwner(let path, _): "run 'ls -l \(path)' to see whose it is, and name a copy of your own"
        case .readableByOthers(let path, _): "run 'chmod 600 \(path)'"
        }
    }
}
