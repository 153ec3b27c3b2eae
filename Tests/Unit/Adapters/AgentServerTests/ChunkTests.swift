import AgentAPI
import AgentServer
import Testing

struct ChunkTests {
    private static let head =
        "POST /v1/accounts/work/logout HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test(
        "ambiguous chunk lengths end the connection with 400",
        arguments: [
            "2x\r\n{}\r\n0\r\n\r\n", "-2\r\n{}\r\n0\r\n\r\n", "0x2\r\n{}\r\n0\r\n\r\n", "+2\r\n{}\r\n0\r\n\r\n",
            "\r\n{}\r\n0\r\n\r\n",
            " 2\r\n{}\r\n0\r\n\r\n", "2\n{}\n0\n\n", "2\r\n{}0\r\n\r\n", "2\r\n{}x\r\n0\r\n\r\n",
            "10000000000000002\r\n{}\r\n0\r\n\r\n",
            "2;a\n\r\n{}\r\n0\r\n\r\n", "2\r\n{}\r\n0\r\nX\r\n\r\n", "2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n",
        ])
    func badChunks(text: String) async throws {
        try await ServerFixture.serving { try await $0.expectRefusal(of: Self.head + text) }
    }

    @Test("chunk extensions and trailers are ignored")
    func extensions() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let body =
                "1;a=\"b;c\"\r\n{\r\n01;x\r\n}\r\n000\r\nHost: y\r\nLater: z\r\n\r\n"
            try await client.send(Self.head + body + Request.get("/v1/health").text)
            let reply = try await client.reply()
            #expect(reply.status == 200)
            #expect(!reply.isClosing)
            #expect(try await client.reply().status == 200)
        }
    }

    @Test("a chunk extension that never ends is cut off in time, and not buffered")
    func endlessExtension() async throws {
        var limits = ServerLimits()
        limits.requestTime = .milliseconds(300)
        try await ServerFixture.serving(limits) { server in
            let client = try server.client()
            try await client.send(Self.head + "2;")
            while try await client.sendUntilClosed([UInt8](repeating: UInt8(ascii: "x"), count: 1000)) == 1000 {
                #expect(try await server.exchange(.get("/v1/health")).status == 200)
            }
            let status = try await client.reply().status
            #expect(status == 400 || status == 408)
            #expect(server.service.calls.isEmpty)
        }
    }
}
