import AgentAPI
import Testing

struct BoundTests {
    @Test(
        "a head over 16 KiB gets 431, whichever part is long",
        arguments: [
            Request.get("/v1/health", "X: " + String(repeating: "x", count: 17_000)),
            .get("/v1/health?" + String(repeating: "x", count: 17_000)),
            Request(method: "GET", target: "/v1/health", fields: (0..<1_000).map { "X\($0): 0123456789" }),
            .get("/v1/health", "X: " + String(repeating: "x", count: 500_000)),
        ])
    func head(request: Request) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            _ = try await client.sendUntilClosed(Array(request.text.utf8))
            let reply = try await client.reply()
            #expect(reply.status == 431)
            #expect(reply.problem?.code == .tooLarge)
            #expect(reply.isClosing)
            #expect(try await client.untilClosed() == "")
        }
    }

    @Test("a head just under 16 KiB is read")
    func largestHead() async throws {
        try await ServerFixture.serving { server in
            let request = Request.get("/v1/health", "X: " + String(repeating: "x", count: 16_000))
            let reply = try await server.exchange(request)
            #expect(reply.status == 200)
        }
    }

    @Test("a head that never ends is cut off, not buffered", arguments: ["x", "\r\nX: "])
    func endlessHead(separator: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send("GET /v1/health HTTP/1.1\r\nX: ")
            let part = Array((String(repeating: "x", count: 10_000) + separator).utf8)
            #expect(try await client.sendUntilClosed(part, times: 1_000) < 1 << 20)
            #expect(try await client.reply().status == 431)
        }
    }

    @Test(
        "a body with a too large Content-Length gets 413 before any of it is read", arguments: [65_537, 1_000_000_000])
    func contentLength(length: Int) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(
                "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(length)\r\nExpect: 100-continue\r\n\r\n"
            )
            let reply = try await client.reply()
            #expect(reply.status == 413)
            #expect(reply.problem?.code == .tooLarge)
            #expect(reply.isClosing)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("a chunked body gets 413 once it is too large, and the rest of it is not read")
    func chunked() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send("POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = Array(("10000\r\n" + String(repeating: " ", count: 0x10000) + "\r\n").utf8)
            #expect(try await client.sendUntilClosed(chunk, times: 1_000) < 16 << 20)
            let reply = try await client.reply()
            #expect(reply.status == 413)
            #expect(reply.problem?.code == .tooLarge)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("trailer fields of a chunked body have the same limit as header fields")
    func trailers() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(
                "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ")
            let megabyte = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
            #expect(try await client.sendUntilClosed(megabyte, times: 64) < 2 << 20)
            #expect(try await client.reply().status == 431)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("a body of 64 KiB is read, whole or in chunks")
    func largestBody() async throws {
        try await ServerFixture.serving { server in
            let body = #"{"local":true}"# + String(repeating: " ", count: 65_536 - 14)
            let whole = Request.post("/v1/accounts/work/logout", body, "Content-Type: application/json")
            #expect(try await server.exchange(whole).status == 200)
            let client = try server.client()
            try await client.send(
                "POST /v1/accounts/work/logout HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "10000;note=x\r\n\(body)\r\n0\r\nTrailer: x\r\n\r\n")
            #expect(try await client.reply().status == 200)
        }
    }

    @Test("a client that sends Expect: 100-continue gets 100 (RFC 9110 §10.1.1)")
    func expectation() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(
                "POST /v1/accounts/work/logout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
            )
            #expect(try await client.reply().status == 100)
            try await client.send("{}")
            #expect(try await client.reply().status == 200)
        }
    }
}
