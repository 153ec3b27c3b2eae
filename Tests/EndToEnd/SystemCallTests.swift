import AuthagentClient
import Foundation
import TestSupport
import Testing

/// What a request costs the agent, in system calls: the part of the cost that does not depend on the machine.
@Suite(.timeLimit(.minutes(5)))
struct SystemCallTests {
    @Test("a cached token on a new connection takes at most 13 system calls")
    func newConnection() async throws {
        let strace = try MissingProgram.require("strace", package: "strace")
        let demo = try await DemoLogin()
        let daemon = try await demo.home.daemon()
        try await demo.logIn()
        #expect(try await demo.home.authagent("token", "work").status == 0)
        let summary = demo.home.files.path + "/calls"
        let trace = try ChildProcess(
            strace, ["-f", "-c", "-o", summary, "-p", "\(daemon.pid)"], environment: ChildProcess.programEnvironment,
            input: nil)
        let path = try SocketPath(demo.home.socket)
        await eventually("strace is not attached: \(trace.errorsSoFar)") { trace.errorsSoFar.contains("attached") }
        let count = 500
        for _ in 0..<count { try Self.exchange(AgentSocket(connectedTo: path).duplicate()) }
        trace.signal(SIGINT)
        _ = await trace.result()
        let table = try String(contentsOfFile: summary, encoding: .utf8)
        let total = try #require(table.split(separator: "\n").last { $0.hasSuffix(" total") }, "\(table)")
        let calls = try #require(total.split(separator: " ").compactMap { Int($0) }.first, "\(table)")
        #expect(calls <= 13 * count, "\(Double(calls) / Double(count)) a connection\n\(table)")
    }

    /// Asks for a token and closes the connection.
    private static func exchange(_ socket: Int32) throws {
        defer { close(socket) }
        let request = "GET /v1/accounts/work/token HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"
        try #require(send(socket, request, request.utf8.count, Int32(MSG_NOSIGNAL)) == request.utf8.count)
        var reply = [UInt8](repeating: 0, count: 4096)
        let size = recv(socket, &reply, reply.count, 0)
        try #require(size > 0)
        #expect(String(decoding: reply.prefix(size), as: UTF8.self).hasPrefix("HTTP/1.1 200 OK"))
    }
}
