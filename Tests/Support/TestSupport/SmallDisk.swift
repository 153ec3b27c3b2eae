import Foundation
import Testing

/// A file system of some KiB in a private mount namespace, which can be filled or made read-only without effect on
/// others. Unmounted with this object. Only root can create one.
public final class SmallDisk: Sendable {
    private let keeper: ChildProcess
    /// The mount point; the mount ends when this directory is removed.
    private let place: TemporaryDirectory
    /// A private directory on the disk, which this process reaches through the process that holds the mount.
    public let path: String
    /// The same for a program that `enter` starts. An agent under Landlock cannot follow /proc/PID/root.
    public var inside: String { place.path }
    /// A command that executes the command after it where the disk is mounted.
    public let enter: [String]

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
        enter = [try MissingProgram.require("nsenter", package: "util-linux"), "--mount", "--target", "\(keeper.pid)"]
    }

    /// Makes a directory of the disk, such as `/sealed`, read-only for later opens; the disk as a whole cannot be while
    /// a file is open.
    public func makeReadOnly(_ directory: String = "") async {
        keeper.write("ro \(directory)\n")
        _ = await keeper.line(beginning: "ro")
    }

    public func makeWritable(_ directory: String = "") async {
        keeper.write("rw \(directory)\n")
        _ = await keeper.line(beginning: "rw")
    }

    /// Fills the disk to the last byte.
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
