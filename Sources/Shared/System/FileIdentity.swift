internal import Glibc

/// Which file it is that a path names now, whatever it is called.
public struct FileIdentity: Equatable, Sendable {
    private let device: UInt
    private let number: UInt

    /// Nil when there is no such file.
    public init?(of path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        (device, number) = (UInt(status.st_dev), UInt(status.st_ino))
    }
}
