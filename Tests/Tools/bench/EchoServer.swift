import Foundation
import TestSupport

/// The baseline: a raw server that writes the same bytes for any request.
final class EchoServer: Sendable {
    let socket: String
    private let process: ChildProcess
    private let files: TemporaryDirectory

    /// `options`: `--peer` for one reply to each connection, whose process is pinned.
    init(_ program: String, _ options: [String] = [], reply: String) async throws {
        files = try TemporaryDirectory()
        socket = files.path + "/echo.sock"
        process = try ChildProcess(
            program, options + [socket], environment: ChildProcess.programEnvironment, input: reply
        )
        guard await process.line(beginning: "serving") == "serving" else {
            throw BenchFailure("bench-echo does not serve: \(await process.result().errors)")
        }
    }
}

extension AgentHome {
    /// The whole reply to a request, including its head.
    func rawReply(_ request: String) async throws -> String {
        let curl = try MissingProgram.require("curl", package: "curl")
        let path = request.split(separator: " ")[1]
        return try await ChildProcess.run(
            curl, ["-sS", "-i", "--unix-socket", socket, "http://localhost\(path)"], environment: environment
        ).output
    }
}
