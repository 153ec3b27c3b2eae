internal import Glibc

/// A file system that ignores modes (vfat, CIFS without POSIX extensions, shared folders of virtual machines): `chmod`
/// succeeds and changes nothing.
public struct FileSystemWithoutModes: Error, Equatable {
    /// The kernel's name for it.
    public let type: String?

    /// `nil` if the directory keeps modes, or if that cannot be determined.
    init?(of directory: borrowing Descriptor, _ path: String) {
        // Creates a private directory and checks whether its mode is kept.
        let name = ".authagent-\(UInt64.random(in: 0...UInt64.max))"
        guard mkdirat(directory.raw, name, 0o700) == 0 else { return nil }
        defer { unlinkat(directory.raw, name, AT_REMOVEDIR) }
        var status = stat()
        guard fstatat(directory.raw, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & 0o077 != 0 else {
            return nil
        }
        type = FileSystemName.of(path)
    }

    /// Returns why others can reach a file whatever its mode; `nil` if its directory keeps modes.
    public static func fault(ofFile path: String) -> Fault? {
        FileSystemWithoutModes(of: PrivateDirectory.parent(of: path))?.fault(of: path)
    }

    /// Returns what is wrong with a file there that others must not reach: no command changes its mode.
    func fault(of file: String) -> Fault {
        Fault(
            "the file system\(type.map { " (\($0))" } ?? "") of \(file) does not support modes, so that others can reach the file",
            hint: "move \(file) to a directory on a local disk, and name it there")
    }

    /// The same for a directory's path, without following a link in its place.
    public init?(of path: String) {
        let raw = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        self.init(of: Descriptor(owning: raw), path)
    }
}
