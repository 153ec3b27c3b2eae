internal import Glibc

/// What an open file must be before its content is trusted. How it was opened, and what a message says, is the caller's.
public struct FileRequirement: Sendable {
    public enum Owners: Sendable {
        case user
        case userOrRoot
        case any
    }

    /// The first unmet requirement.
    public enum Violation: Error, Equatable, Sendable {
        /// fstat(2) failed.
        case unknown(errno: Int32)
        case notRegular
        case owner(UInt32)
        case mode(UInt32)
        case hardLinks
    }

    public var owners: Owners
    /// Permission bits that must not be set.
    public var forbidden: UInt32
    public var mayHaveHardLinks: Bool

    public init(owners: Owners = .any, forbidden: UInt32 = 0, mayHaveHardLinks: Bool = true) {
        self.owners = owners
        self.forbidden = forbidden
        self.mayHaveHardLinks = mayHaveHardLinks
    }

    /// Checks that it is a regular file, then owner, mode and links. Returns its size in bytes.
    @discardableResult
    public func check(_ file: borrowing Descriptor) throws(Violation) -> Int { try check(file.raw) }

    @discardableResult
    public func check(_ descriptor: Int32) throws(Violation) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .unknown(errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notRegular }
        let isTrusted =
            switch owners {
            case .user: status.st_uid == geteuid()
            case .userOrRoot: status.st_uid == geteuid() || status.st_uid == 0
            case .any: true
            }
        guard isTrusted else { throw .owner(status.st_uid) }
        let mode = status.st_mode & 0o7777
        guard mode & forbidden == 0 else { throw .mode(mode) }
        guard mayHaveHardLinks || status.st_nlink <= 1 else { throw .hardLinks }
        return Int(status.st_size)
    }
}
