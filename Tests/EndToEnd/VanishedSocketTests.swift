import AgentAPI
import Foundation
import TestSupport
import Testing

/// A running agent whose socket is removed.
@Suite(.timeLimit(.minutes(5)))
struct VanishedSocketTests {
    let home: AgentHome
    /// The runtime directory, which tests remove with all its contents.
    let directory: String
    let socket: String

    init() throws {
        let files = try TemporaryDirectory()
        parent = files
        directory = files.path + "/user"
        socket = directory + "/authagent/agent.sock"
        try files.directory("user")
        home = try AgentHome(changes: ["AUTHAGENT_SOCK": socket])
    }

    private let parent: TemporaryDirectory

    @Test("an agent whose socket was removed listens again by itself")
    func socketRemoved() async throws {
        let daemon = try await home.daemon()
        for _ in 0..<3 {
            try FileManager.default.removeItem(atPath: socket)
            try await expectAnswer(from: daemon)
        }
        #expect(daemon.errorsSoFar.contains("notice the socket was gone, listening again socket=\(socket)"))
        daemon.signal(SIGTERM)
        #expect(await daemon.result().status == 0)
    }

    @Test("an agent whose directory was removed or moved recreates it with the same mode")
    func directoryRemoved() async throws {
        let daemon = try await home.daemon()
        try FileManager.default.removeItem(atPath: directory + "/authagent")
        try await expectAnswer(from: daemon)
        try FileManager.default.moveItem(atPath: directory + "/authagent", toPath: directory + "/elsewhere")
        try await expectAnswer(from: daemon)
        let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/authagent")
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        let socket = try FileManager.default.attributesOfItem(atPath: socket)
        #expect(socket[.posixPermissions] as? Int == 0o600)
    }

    @Test("an agent whose runtime directory was removed logs it once, and listens again when it is back")
    func runtimeDirectoryRemoved() async throws {
        let daemon = try await home.daemon()
        try FileManager.default.removeItem(atPath: directory)
        let complaint = "error the socket is gone hint=\"run 'mkdir -m 700 -p \(directory)'\""
        await eventually { daemon.errorsSoFar.contains(complaint) }
        // A client waits for the agent that holds the lock.
        let client = try home.client(["status", "--json"])
        await eventually { client.errorsSoFar.contains("authagent: note: an agent (pid \(daemon.pid)) is running") }
        try parent.directory("user")
        let result = await client.result()
        #expect(result.status == 0, "\(result.errors)\(daemon.errorsSoFar)")
        #expect(try APIJSON.decode(StatusReport.self, from: result.output.utf8).agent.pid == daemon.pid)
        #expect(daemon.errorsSoFar.components(separatedBy: complaint).count == 2)
    }

    @Test("if others could enter the directory, the socket is not recreated until that is repaired")
    func looseDirectory() async throws {
        let daemon = try await home.daemon()
        let place = directory + "/authagent"
        #expect(chmod(place, 0o755) == 0)
        try FileManager.default.removeItem(atPath: socket)
        await eventually { daemon.errorsSoFar.contains("hint=\"run 'chmod 700 \(place)'\"") }
        #expect(!FileManager.default.fileExists(atPath: socket))
        #expect(chmod(place, 0o700) == 0)
        try await expectAnswer(from: daemon)
    }

    @Test("a file of another program at the socket's path is not removed")
    func replaced() async throws {
        let daemon = try await home.daemon()
        try "precious".write(toFile: socket + ".new", atomically: false, encoding: .utf8)
        #expect(rename(socket + ".new", socket) == 0)
        await eventually { daemon.errorsSoFar.contains("\(socket) exists, but is not a socket") }
        #expect(try String(contentsOfFile: socket, encoding: .utf8) == "precious")
        try FileManager.default.removeItem(atPath: socket)
        try await expectAnswer(from: daemon)
    }

    /// Expects that a command is served by this agent.
    private func expectAnswer(from daemon: ChildProcess, _ location: SourceLocation = #_sourceLocation) async throws {
        let result = try await home.authagent("status", "--json")
        #expect(result.status == 0, "\(result.errors)\(daemon.errorsSoFar)", sourceLocation: location)
        let report = try? APIJSON.decode(StatusReport.self, from: result.output.utf8)
        #expect(report?.agent.pid == daemon.pid, sourceLocation: location)
    }
}
