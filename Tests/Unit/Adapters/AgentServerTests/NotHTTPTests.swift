import AgentAPI
import Foundation
import Testing

struct NotHTTPTests {
    @Test(
        "bytes that are not HTTP get 400, and the connection ends",
        arguments: [
            "hello\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}\u{5}", "GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", "GET\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /v1/health HTTP/1.1\r\nHost : x\r\n\r\n",
            "GET /v1/health HTTP/1.1\r\nHost: localhost\r\n folded\r\nA\u{0}: b\r\n\r\n", "GET /\u{1} HTTP/1.1\r\n\r\n",
        ])
    func garbage(text: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(text)
            let reply = try await client.reply()
            #expect(reply.status == 400)
            #expect(reply.problem?.code == .badRequest)
            #expect(reply.isClosing)
            #expect(reply["cache-control"] == "no-store")
            #expect(try await client.untilClosed() == "")
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("a silent connection does not affect others, however it ends")
    func nothing() async throws {
        try await ServerFixture.serving { server in
            for _ in 0..<100 { try server.client().close() }
            let silent = try server.client()
            silent.closeSending()
            #expect(try await silent.untilClosed() == "")
            #expect(try await server.exchange(.get("/v1/health")).status == 200)
        }
    }

    @Test(
        "HTTP/1.1 without exactly one Host field gets 400 (RFC 9112 §3.2)",
        arguments: ["", "Host: a\r\nHost: a\r\n", "Host: a\r\nhost: b\r\n", "Host: localhost\r\nHost: localhost\r\n"])
    func host(fields: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send("POST /v1/reload HTTP/1.1\r\n\(fields)\r\n")
            let reply = try await client.reply()
            #expect(reply.problem?.code == .badRequest)
            #expect(reply.isClosing)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test(
        "a body of ambiguous length is not split into requests (request smuggling)",
        arguments: [
            "Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5",
            "Content-Length: 0\r\nContent-Length: 5", "Content-Length: 5, 0", "Content-Length: +5",
            "Content-Length: 0x5", "Content-Length: 99999999999999999999", "Transfer-Encoding: chunked, identity",
            "Transfer-Encoding: xchunked", "Transfer-Encoding : chunked", "Transfer-Encoding: chunked\r\n\t, gzip",
        ])
    func smuggling(fields: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let hidden = "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let outer = "POST /v1/accounts/work/logout HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n\r\n0\r\n\r\n"
            _ = try await client.sendUntilClosed(Array((outer + hidden).utf8))
            let replies = try await client.untilClosed()
            #expect(replies.hasPrefix("HTTP/1.1 400"))
            #expect(replies.components(separatedBy: "content-type:").count == 2)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("HTTP/1.0 needs no Host; the connection ends after the reply unless keep-alive is requested")
    func oldVersion() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send("GET /v1/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let kept = try await client.reply()
            #expect(kept.status == 200)
            // RFC 9112 §C.2.2: without this option, the client waits for the end of the connection.
            #expect(kept["connection"] == "keep-alive")
            try await client.send("GET /v1/health HTTP/1.0\r\n\r\n")
            let last = try await client.reply()
            #expect(last.status == 200)
            #expect(last.isClosing)
            #expect(try await client.untilClosed() == "")
        }
    }

    @Test("a client that offers an upgrade, as curl --http2 does, is served in HTTP/1.1")
    func upgrade() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(.get("/v1/health", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c"))
            let reply = try await client.reply()
            #expect(reply.status == 200)
            // The server reads nothing after an upgrade request, so the client must know that the connection ends.
            #expect(reply.isClosing)
            #expect(try await client.untilClosed() == "")
        }
    }
}
