import AuthagentClient
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// An agent without free file descriptors, or without a reader of its output.
@Suite(.timeLimit(.minutes(5)))
struct DescriptorTests {
    /// Starts the daemon of `home` by a shell command in which `$0` is its program.
    private func daemon(of home: AgentHome, _ command: String) async throws -> ChildProcess {
        let bash = try MissingProgram.require("bash", package: "bash")
        let daemon = try ChildProcess(
            bash, ["-c", command, try BuildProducts.path("authagentd")], environment: home.environment, input: nil)
        let path = try SocketPath(home.socket)
        await eventually("the daemon does not serve: \(daemon.errorsSoFar)") {
            (try? AgentSocket(connectedTo: path)) != nil || !daemon.isRunning
        }
        return daemon
    }

    @Test(
        "without free descriptors waiting callers are served once some are free, and the login is kept")
    func exhausted() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration)
        let daemon = try await demo.home.daemon()
        try await demo.logIn()
        try await demo.tokenExpires()
        let prlimit = try MissingProgram.require("prlimit", package: "util-linux")
        // A little more than the agent uses now, so that its own needs are met.
        let limit = Self.files(daemon.pid).count { !$0.contains("[pidfd]") } + 16
        #expect(
            try await ChildProcess.run(prlimit, ["--pid", "\(daemon.pid)", "--nofile=\(limit):\(limit)"]).status == 0)
        let path = try SocketPath(demo.home.socket)
        var clients: [Int32] = []
        for _ in 0..<100 { clients.append(try AgentSocket(connectedTo: path).duplicate()) }
        defer { for client in clients { close(client) } }
        await eventually("descriptors are left") { Self.files(daemon.pid).count >= limit }
        // The agent cannot accept this connection.
        let late = try demo.home.client(["token", "work"])
        // A refresh needs a descriptor, too. Without one it must not count as a failure of the provider, which backs
        // off.
        let request = "GET /v1/accounts/work/token HTTP/1.1\r\nHost: localhost\r\n\r\n"
        #expect(send(clients[0], request, request.utf8.count, Int32(MSG_NOSIGNAL)) == request.utf8.count)
        #expect(late.isRunning)
        // Meanwhile the agent sleeps between attempts.
        let switches = Self.sleeps(daemon.pid)
        await eventually("it tries to accept without a pause") { Self.sleeps(daemon.pid) >= switches + 10 }
        for client in clients.dropFirst() { close(client) }
        clients = [clients[0]]
        let status = await firstLine(of: clients[0])
        #expect(status.hasPrefix("HTTP/1.1 200"), "\(status)")
        #expect(await late.result().status == 0, "\(late.errorsSoFar)\(daemon.errorsSoFar)")
        #expect(try await demo.home.authagent("token", "work").status == 0)
        #expect(demo.issuer.liveRefreshTokens.count == 1)
    }

    @Test("a log whose reader has closed (EPIPE) does not end the agent")
    func deafLog() async throws {
        let demo = try await DemoLogin()
        let daemon = try await daemon(of: demo.home, "exec \"$0\" --log-level trace 2> >(exec head -n 1 >&2)")
        await eventually { daemon.errorsSoFar.contains("serving") }
        try await demo.logIn()
        #expect(try await demo.home.authagent("token", "work").status == 0)
        daemon.signal(SIGTERM)
        #expect(await daemon.result().status == 0)
    }

    @Test("a closed pipe ends the client silently")
    func deafReader() async throws {
        let home = try AgentHome()
        try await home.authagent("start")
        let bash = try MissingProgram.require("bash", package: "bash")
        let result = try await ChildProcess.run(
            bash, ["-c", "\"$0\" providers | exec true", try BuildProducts.path("authagent")],
            environment: home.environment)
        #expect(result.errors.isEmpty)
    }

    /// The targets of the process's descriptors.
    private static func files(_ pid: Int32) -> [String] {
        let directory = "/proc/\(pid)/fd/"
        return ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: directory + $0)
        }
    }

    /// Voluntary context switches of the thread that accepts connections.
    private static func sleeps(_ pid: Int32) -> Int {
        let tasks = "/proc/\(pid)/task/"
        for task in (try? FileManager.default.contentsOfDirectory(atPath: tasks)) ?? [] {
            guard let status = try? String(contentsOfFile: tasks + task + "/status", encoding: .utf8),
                status.hasPrefix("Name:\tlane\n"),
                let line = status.split(separator: "\n").first(where: { $0.hasPrefix("voluntary_ctxt_switches:") })
            else { continue }
            return line.split(separator: "\t").last.flatMap { Int($0) } ?? 0
        }
        return 0
    }

    /// Reads the first line on a dedicated thread, because the read blocks.
    private func firstLine(of descriptor: Int32) async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var text: [UInt8] = []
                var byte: UInt8 = 0
                while recv(descriptor, &byte, 1, 0) == 1, byte != UInt8(ascii: "\r") { text.append(byte) }
                continuation.resume(returning: String(decoding: text, as: UTF8.self))
            }
        }
    }
}
