import CurlTransport
import OAuth
import SecretMemory
import TestSupport
import Testing

/// A server cannot make the agent read or keep more than its limits.
struct BoundsTests {
    let limit = 10_000
    let transport: CurlTransport

    init() { transport = CurlTransport(.init(bodyLimit: limit)) }

    @Test("a body of exactly the limit is returned, with a length and without")
    func atLimit() async throws {
        let body = String(repeating: "x", count: limit)
        let server = try LoopbackServer { connection in
            _ = connection.request()
            connection.reply("200 OK", body)
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body)
        }
        for _ in 0..<2 {
            #expect(try await transport.send(makeRequest(.get, server.url)).body == WipedBytes(body.utf8))
        }
    }

    @Test("a length over the limit ends the request before the body is there")
    func declared() async throws {
        let server = try LoopbackServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n")
            connection.drain()
        }
        try await expectFailure(.bodyTooLarge, transport, makeRequest(.get, server.url))
        await eventually { server.openCount == 0 }
    }

    @Test("an endless body is not read to its end", arguments: [true, false])
    func endless(isChunked: Bool) async throws {
        let server = try LoopbackServer { connection in
            _ = connection.request()
            connection.send(
                "HTTP/1.1 200 OK\r\n\(isChunked ? "Transfer-Encoding: chunked" : "Connection: close")\r\n\r\n")
            let part = String(repeating: "x", count: 0x4000)
            while connection.send(isChunked ? "4000\r\n\(part)\r\n" : part) {}
        }
        try await expectFailure(.bodyTooLarge, transport, makeRequest(.get, server.url))
        await eventually { server.openCount == 0 }
        // At most the kernel's buffers at both ends.
        #expect(server.sentCount < 32 * 1024 * 1024)
    }

    @Test("too many headers make a reply malformed", arguments: [64, 30_000, 150_000])
    func headers(length: Int) async throws {
        let server = try LoopbackServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\n")
            let line = "X-Long: \(String(repeating: "x", count: length))\r\n"
            while connection.send(line) {}
        }
        try await expectFailure(.malformed, transport, makeRequest(.get, server.url))
        await eventually { server.openCount == 0 }
    }

    @Test("a header line without an end is malformed too")
    func endlessLine() async throws {
        let server = try LoopbackServer { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\nX-Long: ")
            let part = String(repeating: "x", count: 0x4000)
            while connection.send(part) {}
        }
        try await expectFailure(.malformed, transport, makeRequest(.get, server.url))
        await eventually { server.openCount == 0 }
    }
}
