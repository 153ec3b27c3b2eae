internal import Glibc

/// The identity of the file at a path, independent of its name.
public struct FileIdentity: Equatable, Sendable {
    private let device: UInt
    private let number: UInt

    /// `nil` if the file does not exist.
    public init?(of path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        (device, number) = (UInt(status.st_dev), UInt(status.st_ino))
    }
}
