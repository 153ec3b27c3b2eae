import AgentAPI
import AgentServer
import Testing

struct FieldTests {
    @Test(
        "ambiguous header fields end the connection with 400",
        arguments: [
            "X: a\r\n b", "X: a\r\n\tb", " X: a", "X: a\u{0}b", "X\u{0}: a", "X: a\rb", "X: a\r", "X : a", "X\t: a",
            ": a", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity",
            "X", "X y: a", "X\u{7f}: a", "X: a\u{1}", "X: a\n", "(X): a",
        ])
    func fields(text: String) async throws {
        let outer = "POST /v1/accounts/work/logout HTTP/1.1\r\nHost: localhost\r\n\(text)\r\n\r\n"
        try await ServerFixture.serving { try await $0.expectRefusal(of: outer) }
    }

    @Test("a line that ends with LF alone is refused")
    func lineFeed() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send("POST /v1/reload HTTP/1.1\nHost: localhost\n\n")
            client.closeSending()
            #expect(try await client.reply().status == 400)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test(
        "a Host field that is repeated, or neither localhost nor empty, is refused with a reason",
        arguments: [
            ("Host: a b", 400), ("Host: a/b", 400), ("Host: a,b", 403), ("Host: u@a", 400), ("Host: a\u{e9}", 400),
            ("Host: \"a\"", 400), ("Host:", 200), ("Host: [::1]:8080", 403), ("Host: %2Frun%2Fagent.sock", 403),
            ("host:localhost", 200), ("HOST:   LocalHost:8080   ", 200), ("Host: localhost:", 200),
            ("Host: localhost.", 403), ("Host: localhost:80:80", 403), ("Host: localhost:x", 403),
            ("Host: 127.0.0.1", 403), ("Host: localhost.evil.example", 403), ("Host: rebind.evil.example", 403),
            ("Host: x", 403), ("Host: a\r\nHost: a", 400), ("X-Host: a", 400),
        ])
    func host(field: String, status: Int) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send("GET /v1/health HTTP/1.1\r\n\(field)\r\n\r\n")
            let reply = try await client.reply()
            #expect(reply.status == status)
            #expect(reply.isClosing == (status >= 400))
            if status >= 400 { #expect(reply.problem?.hint?.isEmpty == false) }
            if status == 403 { #expect(reply.problem?.reason == "foreign_host") }
        }
    }

    @Test("HTTP/1.0 with chunks or a second Host is refused, and its Expect is ignored")
    func oldVersion() async throws {
        try await ServerFixture.serving { server in
            for fields in ["Transfer-Encoding: chunked", "Host: a\r\nHost: b", "Host: a/b"] {
                let client = try server.client()
                try await client.send("POST /v1/reload HTTP/1.0\r\n\(fields)\r\n\r\n0\r\n\r\n")
                #expect(try await client.reply().status == 400)
                #expect(try await client.untilClosed() == "")
            }
            #expect(server.service.calls.isEmpty)
            let client = try server.client()
            try await client.send(
                "POST /v1/accounts/work/logout HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n{}")
            #expect(try await client.reply().status == 200)
        }
    }

    @Test(
        "an expectation other than 100-continue gets 417, and the rest is not read",
        arguments: ["200-ok", "100-continue, 200-ok", "100-continue;x=1", "\"100-continue\""])
    func unknownExpectation(value: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let request = Request.post("/v1/accounts/work/logout", "{}", "Expect: \(value)")
            _ = try await client.sendUntilClosed(Array((request.text + Request.post("/v1/reload").text).utf8))
            let reply = try await client.reply()
            #expect(reply.status == 417)
            #expect(reply.problem?.code == .badRequest)
            #expect(reply.problem?.hint?.isEmpty == false)
            #expect(reply.isClosing)
            #expect(try await client.untilClosed() == "")
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("100-continue is sent for a request with a body only, in either letter case")
    func expectation() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(.get("/v1/health", "Expect: 100-continue"))
            #expect(try await client.reply().status == 200)
            try await client.send(.post("/v1/reload", "", "Expect: 100-continue"))
            #expect(try await client.reply().status == 200)
            try await client.send(
                "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n"
            )
            #expect(try await client.reply().status == 100)
            try await client.send("0\r\n\r\n")
            #expect(try await client.reply().status == 200)
        }
    }

    @Test(
        "the connection ends with the reply if any Connection option is 'close'",
        arguments: ["Close", "x, close", "close,keep-alive"])
    func close(value: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let requests = Request.get("/v1/health", "Connection: \(value)").text + Request.post("/v1/reload").text
            _ = try await client.sendUntilClosed(Array(requests.utf8))
            #expect(try await client.reply().isClosing)
            #expect(try await client.untilClosed() == "")
            #expect(server.service.calls.isEmpty)
        }
    }
}
