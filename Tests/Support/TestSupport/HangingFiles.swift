import Foundation
import Testing

/// A file system with one program, which blocks on demand (`Tests/Support/hanging-files`). Only root can mount one.
public final class HangingFiles: Sendable {
    private let files: TemporaryDirectory
    private let server: ChildProcess

    public init(showing program: String) async throws {
        try #require(getuid() == 0, "this test mounts a file system, which only root can")
        try #require(access("/dev/fuse", F_OK) == 0, "there is no /dev/fuse: run 'modprobe fuse'")
        files = try TemporaryDirectory()
        try #require(chmod(files.path, 0o755) == 0)
        let mount = try files.directory("mount")
        server = try ChildProcess(
            try BuildProducts.path("hanging-files"), [mount, program], environment: ChildProcess.programEnvironment,
            input: nil)
        let line = await server.line()
        try #require(line == "mounted", "\(server.errorsSoFar)")
    }

    deinit {
        server.closeInput()
        umount2(files.path + "/mount", Int32(MNT_DETACH))
    }

    /// The program's path.
    public var program: String { files.path + "/mount/tool" }

    /// Blocks every access to a path in it until `end`.
    public func hang() async {
        server.write("hang\n")
        _ = await server.line(beginning: "hanging")
    }

    /// Waits until it has taken a request that it does not reply to. Before that, SIGKILL ends the caller's wait.
    public func holdsRequest() async { _ = await server.line(beginning: "held") }

    /// Ends the file system; blocked calls get an error.
    public func end() async {
        server.closeInput()
        _ = await server.result()
    }
}
