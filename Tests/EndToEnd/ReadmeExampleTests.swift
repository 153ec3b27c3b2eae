import Foundation
import Synchronization
import TestSupport
import Testing

/// The README's examples that use a token, run as printed.
@Suite(.timeLimit(.minutes(5)))
struct ReadmeExampleTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let shell: String
        let text: String
        var testDescription: String { text.split(separator: "\n").last.map(String.init) ?? text }
    }

    /// The code blocks that assign a token to a variable.
    static let examples: [Example] = {
        let readme = Repository.path("README.md")
        let text = (try? String(contentsOfFile: readme, encoding: .utf8)) ?? ""
        return ["sh", "bash"].flatMap { shell in
            text.components(separatedBy: "\n```\(shell)\n").dropFirst().compactMap { rest in
                rest.components(separatedBy: "\n```\n").first.map { Example(shell: shell, text: $0) }
            }.filter { $0.text.hasPrefix("token=$(authagent token work)") }
        }
    }()

    @Test("there is an example for a request and an upload")
    func all() {
        #expect(Self.examples.count == 2)
        for word in ["curl --fail -sS -H @-", "--upload-file"] {
            #expect(Self.examples.contains { $0.text.contains(word) }, "\(word)")
        }
    }

    @Test("without a login each exits with the exit code and sends nothing", arguments: examples)
    func withoutLogin(example: Example) async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        try await demo.home.authagent("logout", "work")
        let server = try HeldServer()
        let result = try await start(example, demo.home, server).result()
        #expect(result.status == 3, "\(result.errors)")
        #expect(result.errors.contains("no login for 'work'"), "\(result.errors)")
        #expect(server.requests == "")
    }

    @Test("with a login the token arrives, and is not in the arguments of any process", arguments: examples)
    func withLogin(example: Example) async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let token = try #require(try await demo.home.authagent("token", "work").lines.first)
        let server = try HeldServer()
        let program = try start(example, demo.home, server)
        await eventually("nothing is sent: \(program.errorsSoFar)") {
            server.requests.contains("\r\n\r\n") || !program.isRunning
        }
        #expect(server.requests.contains("Authorization: Bearer \(token)\r\n"), "\(server.requests)")
        // The request's client is running: it waits for its reply.
        let arguments = try Self.commandLines()
        #expect(arguments.contains { $0.contains(server.url) })
        #expect(!arguments.contains { $0.contains(token) })
        server.answer()
        _ = await program.result()
    }

    private func start(_ example: Example, _ home: AgentHome, _ server: HeldServer) throws -> ChildProcess {
        let shell = try MissingProgram.require(example.shell, package: example.shell == "sh" ? "dash" : "bash")
        _ = try MissingProgram.require("curl", package: "curl")
        let client = try home.program("authagent")
        var environment = home.environment
        environment["PATH"] = (client as NSString).deletingLastPathComponent + ":" + (environment["PATH"] ?? "")
        environment["URL"] = server.url
        return try ChildProcess(
            shell, [try home.files.file("example", example.text + "\n")], environment: environment, input: "text")
    }

    /// The arguments of all processes (proc(5)).
    private static func commandLines() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int32($0) != nil }.compactMap {
            FileManager.default.contents(atPath: "/proc/\($0)/cmdline").map {
                String(decoding: $0, as: UTF8.self).replacingOccurrences(of: "\0", with: " ")
            }
        }
    }
}

/// An HTTP server that holds its replies until `answer` is called.
private final class HeldServer: Sendable {
    private final class Record: Sendable {
        let heard = Mutex("")
        let held = Mutex<(connections: [Int32], isOpen: Bool)>(([], false))
    }

    private let listener: LoopbackListener
    private let record = Record()

    var url: String { "http://127.0.0.1:\(listener.port)/repository" }
    var requests: String { record.heard.withLock { $0 } }

    init() throws {
        listener = try LoopbackListener { [record] connection in
            Thread.detachNewThread { Self.hear(connection, record) }
        }
    }

    /// Answers pending and later requests.
    func answer() {
        let waiting = record.held.withLock { held in
            held.isOpen = true
            return held.connections
        }
        for connection in waiting { Self.refuse(connection) }
    }

    private static func hear(_ connection: Int32, _ record: Record) {
        var head = ""
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while !head.contains("\r\n\r\n") {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            head += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
        record.heard.withLock { $0 += head }
        let isOpen = record.held.withLock { held in
            if !held.isOpen { held.connections.append(connection) }
            return held.isOpen
        }
        if isOpen { refuse(connection) }
    }

    private static func refuse(_ connection: Int32) {
        let reply = Array("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
        _ = send(connection, reply, reply.count, Int32(MSG_NOSIGNAL))
        close(connection)
    }
}
