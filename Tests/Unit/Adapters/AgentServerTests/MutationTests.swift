import Testing

struct MutationTests {
    private static let seeds = [
        Request.get("/v1/accounts/work/token?min_valid=60", "Accept: text/plain").text,
        Request.post("/v1/accounts/work/logout", #"{"local":true}"#, "Content-Type: application/json").text,
        Request(method: "DELETE", target: "/v1/accounts/work/login", version: "HTTP/1.0").text,
        "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nX:\r\nY: z\r\n\r\n",
        Request.post("/v1/accounts/work/logout", "{}", "Expect: 100-continue").text + Request.get("/v1/health").text,
        Request(
            method: "HEAD", target: "http://localhost/v1/accounts", fields: ["Upgrade: h2c", "Connection: upgrade"]
        ).text,
    ]
    private static let fragments: [[UInt8]] =
        [
            "\r\n", "\n", "\r", ":", " ", "\t", "%", "%00", "?", "&", "0", "ffffffffffffffff", "-1", "HTTP/1.1",
            "\u{0}",
            "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "Host: y\r\n",
            "CONNECT ",
        ].map { Array($0.utf8) } + [[0xFF, 0xFE], [0xC0, 0x80], [UInt8](repeating: 0x61, count: 20_000)]

    @Test("a damaged request gets a reply or a close, and the server goes on")
    func damagedRequests() async throws {
        try await ServerFixture.serving { server in
            var random = SeededGenerator(seed: 9_112)
            for round in 0..<600 {
                var bytes = Array(Self.seeds[round % Self.seeds.count].utf8)
                for _ in 0..<Int.random(in: 1...4, using: &random) { Self.mutate(&bytes, using: &random) }
                let client = try server.client()
                _ = try await client.sendUntilClosed(bytes)
                client.closeSending()
                // Throws if the server neither replies nor closes.
                let replies = try await client.untilClosed()
                try #require(replies.isEmpty || replies.hasPrefix("HTTP/1."), "\(bytes)")
            }
            #expect(try await server.exchange(.get("/v1/health")).status == 200)
        }
    }

    private static func mutate(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        guard let index = bytes.indices.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: index)
        case 2: bytes.removeSubrange(index...)
        case 3: bytes.insert(contentsOf: fragments.randomElement(using: &random) ?? [], at: index)
        default: bytes.insert(contentsOf: bytes[..<index], at: bytes.endIndex)
        }
    }
}
