internal import Glibc
public import SecretMemory
internal import System

/// Reads files that only this user may read.
public enum PrivateFile {
    /// The required properties of a file.
    struct Rule {
        var allowsRoot = false
        /// Permission bits that must not be set.
        var forbidden: mode_t = 0o077
    }

    /// Reads key material of root or this user; `nil` if the file does not exist. A symbolic link is followed and its
    /// target checked.
    ///
    /// `isCredential`: systemd(1) grants a service's user access with an ACL, which looks like a permission of the
    /// group.
    public static func readKey(
        _ path: String, isCredential: Bool = false, limit: Int
    ) throws(FileFailure) -> SecretBytes? {
        let file: Descriptor
        do throws(PlaceFault) {
            guard let found = try TrustedFile.open(path) else { return nil }
            file = found
        } catch { throw .directory(LocalSocketError(error)) }
        let rule = Rule(allowsRoot: true, forbidden: isCredential ? 0o037 : 0o077)
        var bytes = try read(file, path, limit: limit, rule)
        defer { bytes.withUnsafeMutableBytes { if let start = $0.baseAddress { explicit_bzero(start, $0.count) } } }
        return SecretBytes(bytes)
    }

    static func read(
        _ file: borrowing Descriptor, _ path: String, limit: Int, _ rule: Rule
    ) throws(FileFailure) -> [UInt8] {
        func failed(_ call: String) -> FileFailure {
            let code = errno
            return .system(call: call, path: path, errno: code)
        }
        var status = stat()
        guard fstat(file.raw, &status) == 0 else { throw failed("stat") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(path) }
        guard status.st_uid == geteuid() || (rule.allowsRoot && status.st_uid == 0) else {
            throw rule.allowsRoot
                ? .keyHasOtherOwner(path, owner: status.st_uid) : .otherOwner(path, owner: status.st_uid)
        }
        let mode = status.st_mode & 0o7777
        guard mode & rule.forbidden == 0 else {
            if let modeless = ModelessFileSystem(of: PrivateDirectory.parent(of: path)) {
                throw .noModes(modeless.fault(of: path))
            }
            throw .readableByOthers(path, mode: mode)
        }
        var bytes = [UInt8](repeating: 0, count: min(Int(status.st_size), limit) + 1)
        let count = bytes.withUnsafeMutableBytes { SystemCall.read(file.raw, into: $0) }
        guard count >= 0 else { throw failed("read") }
        guard count <= limit else { throw .tooLarge(path, limit: limit) }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}
