import CurlTransport
import OAuth
import TestSupport
import Testing

/// Network faults, and the errors they cause.
struct FaultTests {
    let transport = CurlTransport(.init())

    @Test("a connection that ends before the reply is broken; so is one that is reset", arguments: [false, true])
    func dropped(isReset: Bool) async throws {
        let server = try LoopbackServer { connection in
            _ = connection.request()
            if isReset { connection.reset() }
        }
        try await expectFailure(.broken, transport, makeRequest(.post, server.url))
    }

    @Test("half a body is an error, whether the connection ends or is reset", arguments: [false, true])
    func droppedInBody(isReset: Bool) async throws {
        let server = try LoopbackServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"access_token\":")
            if isReset { connection.reset() }
        }
        try await expectFailure(.broken, transport, makeRequest(.post, server.url))
    }

    @Test("half a chunk or a broken one is an error", arguments: ["ff\r\n{}", "2\r\n{}\r\nzz\r\n"])
    func brokenChunk(chunks: String) async throws {
        let server = try LoopbackServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
        }
        try await expectFailure(.broken, transport, makeRequest(.post, server.url))
    }

    @Test("a POST is sent once, even when a reused connection breaks")
    func sentOnce() async throws {
        let server = try LoopbackServer { connection in
            guard connection.request() != nil else { return }
            connection.reply()
            _ = connection.request()
        }
        _ = try await transport.send(makeRequest(.get, server.url))
        try await expectFailure(.broken, transport, makeRequest(.post, server.url))
        #expect(server.requests.map(\.connection) == [0, 0])
        // A repeated GET is harmless, so libcurl may retry it after a broken connection.
        _ = try await transport.send(makeRequest(.get, server.url))
        _ = try await transport.send(makeRequest(.get, server.url))
        #expect(server.requests.map(\.method) == ["GET", "POST", "GET", "GET", "GET"])
    }

    @Test(
        "a reply other than HTTP is malformed",
        arguments: [
            "SSH-2.0-OpenSSH_9.2\r\n", "\u{1B}[2J\u{07}\u{0} nonsense\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: \u{1B}[2Jx\r\n\r\n",
        ]
    )
    func garbage(text: String) async throws {
        let server = try LoopbackServer { connection in
            _ = connection.request()
            connection.send(text)
            connection.drain()
        }
        try await expectFailure(.malformed, transport, makeRequest(.post, server.url, timeLimit: .seconds(20)))
    }

    @Test("a closed port is unreachable; a name that does not exist is another error")
    func unreachable() async throws {
        let port = try LoopbackServer().port
        let text = try await expectFailure(.unreachable, transport, makeRequest(.post, "http://127.0.0.1:\(port)"))
        #expect(text.contains("127.0.0.1:\(port)"))
        let unknown = try await expectFailure(
            .nameNotFound, CurlTransport(.init(noProxy: "*")), makeRequest(.post, "https://\(unresolvableHost)/token")
        )
        #expect(unknown.contains(unresolvableHost))
    }

    @Test(
        "a silent server, or one that stops in the middle, costs the request's time limit", arguments: [true, false])
    func stalled(isSilent: Bool) async throws {
        let server = try LoopbackServer { connection in
            _ = connection.request()
            if !isSilent { connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{") }
            connection.drain()
        }
        let start = ContinuousClock.now
        try await expectFailure(
            .timedOut, transport, makeRequest(.post, server.url, timeLimit: .milliseconds(200))
        )
        // The transport's own limit is 30 s.
        #expect(ContinuousClock.now - start < .seconds(15))
        await eventually { server.openCount == 0 }
    }

    @Test("the transport's limit applies to a request without its own")
    func totalTimeout() async throws {
        let server = try LoopbackServer { $0.drain() }
        let transport = CurlTransport(.init(totalTimeout: .milliseconds(200)))
        try await expectFailure(.timedOut, transport, makeRequest(.post, server.url))
    }

    @Test("a program that starts meanwhile does not inherit the connection")
    func inheritance() async throws {
        let server = try LoopbackServer { connection in
            _ = connection.request()
            connection.drain()
        }
        let request = try makeRequest(.post, server.url)
        let task = Task { try await expectFailure(.cancelled, transport, request) }
        await eventually { server.requests.count == 1 }
        let program = try ChildProcess("/bin/cat", environment: ChildProcess.programEnvironment, input: nil)
        task.cancel()
        _ = try await task.value
        await eventually { server.openCount == 0 }
        #expect(program.isRunning)
    }

    @Test("a host that does not accept the connection costs the connect timeout")
    func connectTimeout() async throws {
        let server = try LoopbackServer(backlog: 0)
        // No accept: these fill the queue, and the kernel drops further connections.
        let fillers = (0..<3).map { _ in FillingConnection(port: server.port) }
        let transport = CurlTransport(.init(connectTimeout: .milliseconds(200)))
        let start = ContinuousClock.now
        try await expectFailure(.timedOut, transport, makeRequest(.post, server.url))
        #expect(ContinuousClock.now - start < .seconds(15))
        withExtendedLifetime(fillers) {}
    }
}
