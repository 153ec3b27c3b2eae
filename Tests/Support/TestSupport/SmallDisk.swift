import Foundation
import Testing

/// A file system of some KiB in a mount namespace of its own: it fills up, and it can be made read-only, without
/// anybody else noticing. It goes with this object. Only root can make one.
public final class SmallDisk: Sendable {
    private let keeper: ChildProcess
    /// Where the disk is mounted: a mount ends when its directory is removed.
    private let place: TemporaryDirectory
    /// A private directory on the disk, which this process sees through the one that holds the disk.
    public let path: String

    public init(kibibytes: Int) async throws {
        place = try TemporaryDirectory()
        let script = """
            mount -t tmpfs -o size=\(kibibytes)k,mode=700 disk "$1" && echo ready
            while read word place; do
                case $word in
                ro) mount --bind "$1$place" "$1$place" && mount -o remount,bind,ro "$1$place" && echo ro ;;
                rw) umount --lazy "$1$place" && echo rw ;;
                esac
            done
            """
        let command = try await MountNamespace.command() + ["/bin/sh", "-c", script, "sh", place.path]
        keeper = try ChildProcess(
            command[0], Array(command.dropFirst()), environment: ChildProcess.programEnvironment, input: nil)
        let isMounted = await keeper.line(beginning: "ready") == "ready"
        try #require(isMounted, "no disk can be mounted: \(keeper.errorsSoFar)")
        path = "/proc/\(keeper.pid)/root\(place.path)"
    }

    /// Makes a directory of the disk, such as `/sealed`, read-only for whoever opens it from now on; the disk as a whole
    /// could not be while somebody has a file open.
    public func makeReadOnly(_ directory: String = "") async {
        keeper.write("ro \(directory)\n")
        _ = await keeper.line(beginning: "ro")
    }

    public func makeWritable(_ directory: String = "") async {
        keeper.write("rw \(directory)\n")
        _ = await keeper.line(beginning: "rw")
    }

    /// Leaves no room, not even for a byte.
    public func fill() throws {
        let descriptor = open(path + "/filler", O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        for size in [4096, 1] {
            let bytes = [UInt8](repeating: 0, count: size)
            while write(descriptor, bytes, size) > 0 {}
        }
    }

    public func makeRoom() { unlink(path + "/filler") }
}
