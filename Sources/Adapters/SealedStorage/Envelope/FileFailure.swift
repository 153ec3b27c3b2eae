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

extension FileFailure: FaultError {
    public var fault: Fault {
        switch self {
        // Only the agent creates files in this directory.
        case .directory(.directoryIsLoose(let path, let mode)):
            Fault(
                LocalSocketError.directoryIsLoose(path, mode: mode).description, hint: "run 'chmod 700 \(path)'")
        case .directory(let error): error.fault
        case .system(let call, let path, let code):
            Fault("\(call) \(path): \(String(cString: strerror(code)))", hint: systemHint(path, code))
        case .notARegularFile(let path):
            Fault("\(path) is not a regular file", hint: "look at 'ls -ld \(path)'")
        // In the agent's own directory. -h: if a symbolic link takes its place meanwhile, its target keeps its owner.
        case .otherOwner(let path, let owner):
            Fault(
                "\(path) belongs to user \(UserNumbers.text(owner))",
                hint: "if it is your file, run 'chown -h \(geteuid()) \(path)' as root")
        case .keyHasOtherOwner(let path, let owner):
            Fault(
                "\(path) belongs to user \(UserNumbers.text(owner))",
                hint: "run 'ls -l \(path)' to see its owner, and use a copy of your own")
        case .noModes(let fault): fault
        case .readableByOthers(let path, let mode):
            Fault(
                "\(path) can be read by others (mode \(String(mode, radix: 8)))", hint: "run 'chmod 600 \(path)'")
        case .tooLarge(let path, let limit):
            Fault("\(path) is larger than \(limit) bytes", hint: "look at 'ls -ld \(path)'")
        }
    }

    private func systemHint(_ path: String, _ code: Int32) -> String {
        switch code {
        case _ where isForWantOfRoom: "make room on the disk"
        case EACCES, EPERM, EROFS: "check who may write to \(path)"
        default: "look at 'ls -ld \(path)'"
        }
    }
}
