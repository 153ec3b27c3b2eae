internal import Glibc
public import SecretMemory
internal import System

/// Reads files that only this user may read.
public enum PrivateFile {
    /// Reads key material of root or this user; `nil` if the file does not exist. A symbolic link is followed and its
    /// target checked.
    ///
    /// `isCredential`: systemd(1) grants a service's user access with an ACL, which looks like a permission of the
    /// group.
    public static func readKey(
        _ path: String, isCredential: Bool = false, limit: Int
    ) throws(FileFailure) -> SecretBytes? {
        let file: Descriptor
        do throws(PathFault) {
            guard let found = try TrustedFile.open(path) else { return nil }
            file = found
        } catch { throw .directory(LocalSocketError(error)) }
        let requirement = FileRequirement(owners: .userOrRoot, forbidden: isCredential ? 0o037 : 0o077)
        var bytes = try read(file, path, limit: limit, requirement)
        defer { bytes.withUnsafeMutableBytes { if let start = $0.baseAddress { explicit_bzero(start, $0.count) } } }
        return SecretBytes(bytes)
    }

    static func read(
        _ file: borrowing Descriptor, _ path: String, limit: Int, _ requirement: FileRequirement
    ) throws(FileFailure) -> [UInt8] {
        let size: Int
        do throws(FileRequirement.Violation) { size = try requirement.check(file) } catch {
            throw FileFailure(error, path, requirement)
        }
        var bytes = [UInt8](repeating: 0, count: min(size, limit) + 1)
        let count = bytes.withUnsafeMutableBytes { SystemCall.read(file.raw, into: $0) }
        guard count >= 0 else { throw .system(call: "read", path: path, errno: errno) }
        guard count <= limit else { throw .tooLarge(path, limit: limit) }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}

extension FileFailure {
    fileprivate init(_ violation: FileRequirement.Violation, _ path: String, _ requirement: FileRequirement) {
        self =
            switch violation {
            case .unknown(let code): .system(call: "stat", path: path, errno: code)
            case .notRegular, .hardLinks: .notARegularFile(path)
            case .owner(let owner) where requirement.owners == .userOrRoot: .keyHasOtherOwner(path, owner: owner)
            case .owner(let owner): .otherOwner(path, owner: owner)
            case .mode(let mode):
                FileSystemWithoutModes.fault(ofFile: path).map { FileFailure.noModes($0) }
                    ?? .readableByOthers(path, mode: mode)
            }
    }
}
