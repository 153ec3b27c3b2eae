import AgentAPI
import AuthagentClient
import Foundation
import TestSupport
import Testing

/// Hostile servers at the agent's path: the client neither hangs nor crashes, and its memory stays bounded.
@Suite(.timeLimit(.minutes(10)))
struct HostileReplyTests {
    private func error(_ steps: ScriptedServer.Step...) async throws -> AgentClientError? {
        let server = try ScriptedServer { _ in steps }
        let path = server.path
        // With more patience than a client has, because hundreds of tests may share the machine; on its own thread,
        // because it blocks.
        let error = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                do throws(AgentClientError) {
                    _ = try AgentConnection(to: path).ask(.health(within: .seconds(50)))
                    continuation.resume(returning: AgentClientError?.none)
                } catch {
                    continuation.resume(returning: error)
                }
            }
        }
        withExtendedLifetime(server) {}
        return error
    }

    @Test(
        "a reply that is not HTTP/1.1 with a known end is not an agent's",
        arguments: [
            "hello\r\n\r\n",
            "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 20 OK\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 200000 OK\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\n\r\n{}",
            "HTTP/1.1 30 Not Modified\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n{}\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n",
            "\0\u{1}\u{2}\u{3}\r\n\r\n",
        ])
    func nonsense(reply: String) async throws {
        #expect(try await error(.send(reply), .awaitHangup) == .notAnAgent)
    }

    @Test("an endless head or chunk size and a body of gigabytes are abandoned, not buffered")
    func endless() async throws {
        let field = "x: " + String(repeating: "a", count: 70_000)
        #expect(try await error(.send("HTTP/1.1 200 OK\r\n" + field), .awaitHangup) == .notAnAgent)
        let start = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        let size = String(repeating: "0", count: 2_000)
        #expect(try await error(.send(start + size), .awaitHangup) == .notAnAgent)
        let large = "HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n"
        #expect(try await error(.send(large), .awaitHangup) == .notAnAgent)
        #expect(try await error(.send(start + "40000000\r\n"), .awaitHangup) == .notAnAgent)
        let megabyte = "100000\r\n" + String(repeating: "a", count: 1 << 20) + "\r\n"
        #expect(
            try await error(.send(start + String(repeating: megabyte, count: 17)), .awaitHangup) == .notAnAgent)
    }

    @Test(
        "a connection that ends before the end of the answer is lost, at every position",
        arguments: [
            "", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{}",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
        ])
    func lost(reply: String) async throws {
        #expect(try await error(.send(reply)) == .lost)
    }

    @Test("a stalled agent times out, also in the middle of its answer")
    func stalls() async throws {
        for start in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}"] {
            let server = try ScriptedServer { _ in [.send(start), .awaitHangup] }
            let connection = try AgentConnection(to: server.path)
            let begin = ContinuousClock.now
            #expect(throws: AgentClientError.timeout) { try connection.ask(.health(within: .milliseconds(50))) }
            #expect(ContinuousClock.now - begin >= .milliseconds(50))
            #expect(server.requests.count <= 1)
        }
    }

    @Test("unexpected JSON is not understood; an unreadable problem keeps its status")
    func otherJSON() async throws {
        for body in ["[]", "{", "{\"version\":7}", ""] {
            #expect(try await error(ScriptedServer.json(body)) == .notUnderstood)
        }
        for body in ["<html>", "{\"code\":\"what\"}"] {
            guard case .problem(let problem) = try await error(ScriptedServer.json(body, status: 503)) else {
                Issue.record("no problem")
                continue
            }
            #expect(problem.code == .internalError)
            #expect(problem.detail.contains("503"))
        }
        let gone =
            #"{"code":"login_required","detail":"no login for 'work'","hint":"run it","reason":"x","status":401}"#
        let expected = Problem(.loginRequired, "no login for 'work'", hint: "run it", reason: "x")
        #expect(try await error(ScriptedServer.json(gone, status: 401)) == .problem(expected))
    }

    @Test("another user's program at the agent's path is told nothing")
    func foreign() async throws {
        try #require(getuid() == 0, "this test becomes another user, which only root can")
        let setpriv = try MissingProgram.require("setpriv", package: "util-linux")
        let python = try MissingProgram.require("python3", package: "python3")
        let files = try TemporaryDirectory()
        try #require(chown(files.path, 65_534, 65_534) == 0)
        let path = try SocketPath(files.path + "/agent.sock")
        let script = """
            import socket
            listener = socket.socket(socket.AF_UNIX)
            listener.bind('\(path)')
            listener.listen()
            print('listening', flush=True)
            print('heard', len(listener.accept()[0].recv(1)), flush=True)
            """
        let server = try ChildProcess(
            setpriv, ["--reuid=65534", "--regid=65534", "--clear-groups", python, "-c", script],
            environment: ChildProcess.programEnvironment)
        try #require(await server.line() == "listening")
        let client = try AgentClient(path)
        await #expect(throws: AgentClientError.foreignServer(path.text, user: 65_534)) {
            try await client.token(for: try #require(AccountName("work")))
        }
        #expect(await server.result().lines.last == "heard 0")
    }
}
