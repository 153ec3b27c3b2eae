import AgentAPI
import Testing

struct RequestLineTests {
    @Test(
        "a target that is neither a path nor an http URL is a bad request, not another resource",
        arguments: [
            "GET /v1/health#top", "GET /v1/accounts/work/token?scope=a#b", "GET https://x/v1/health",
            "GET http:///v1/health", "GET http://", "GET http:/v1/health", "GET *", "GET v1/health", "GET ?x",
            "CONNECT localhost:80", "CONNECT /v1/health", "OPTIONS **", "GET /v1/h\u{e9}alth", "GET /v1/\u{7f}",
        ])
    func badTarget(line: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send("\(line) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let reply = try await client.reply()
            #expect(reply.status == 400)
            #expect(reply.problem?.code == .badRequest)
            #expect(reply.problem?.hint?.isEmpty == false)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test(
        "a path is decoded once and never normalised",
        arguments: [
            ("/v1/%68ealth", 200), ("/v1/%2568ealth", 404), ("/v1%2Fhealth", 404), ("//v1/health", 404),
            ("/v1//health", 404), ("/v1/./health", 404), ("/v1/x/../health", 404), ("/v1/accounts/%2e%2e/health", 404),
            ("/v1/accounts/%2E%2E", 404), ("/v1/accounts/.", 404), ("/v1/health/", 404), ("/v1/health%00", 404),
            ("/v1/health?", 200), ("/v1/health;x=1", 404), ("/V1/health", 404), ("/v1/accounts/a+b", 200),
            ("/v1/accounts/a%20b", 404), ("/v1/accounts/%C3%A9", 404), ("/v1/accounts/%C0%AE%C0%AE", 404),
            ("http://localhost?y=/v1/health", 404), ("HTTP://LocalHost:80/v1/health", 200),
            ("http://localhost/v1/health?", 200),
        ])
    func path(target: String, status: Int) async throws {
        try await ServerFixture.serving { server in
            let reply = try await server.exchange(.get(target))
            #expect(reply.status == status)
            if status == 404 { #expect(reply.problem?.code == .notFound) }
        }
    }

    @Test(
        "a parameter is the same, however its name is encoded",
        arguments: ["min_valid=1&min%5Fvalid=2", "min_valid=1&min_valid=1", "%6Din_valid=1&min_valid=2"])
    func twice(query: String) async throws {
        try await ServerFixture.serving { server in
            let reply = try await server.exchange(.get("/v1/accounts/work/token?\(query)"))
            #expect(reply.problem?.detail == "query parameter 'min_valid' is repeated")
        }
    }

    @Test("a query is decoded once, and a plus in it is a space")
    func query() async throws {
        try await ServerFixture.serving { server in
            for query in ["scope=a%2Bb+c", "scope=c%20a%2bb", "&scope=a%2Bb+c&"] {
                #expect(try await server.exchange(.get("/v1/accounts/work/token?\(query)")).status == 200)
            }
            // The name is decoded once only.
            let reply = try await server.exchange(.get("/v1/accounts/work/token?min%255Fvalid=1"))
            #expect(reply.problem?.detail == "unknown query parameter 'min%5Fvalid'")
            let work = try #require(AccountName("work"))
            let target = try #require(try TokenTarget(scopes: ["a+b", "c"]))
            #expect(
                server.service.calls == Array(repeating: .token(work, TokenRequest(target: target)), count: 3))
        }
    }

    @Test(
        "a method that the resource does not have gets 405 with the allowed ones",
        arguments: ["PUT", "PATCH", "DELETE", "POST", "OPTIONS", "TRACE", "PROPFIND"])
    func method(method: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(Request(method: method, target: "/v1/accounts/work/token"))
            let reply = try await client.reply()
            #expect(reply.status == 405)
            #expect(reply.problem?.code == .methodNotAllowed)
            #expect(reply["allow"] == "GET, HEAD")
            try await client.send(.get("/v1/health"))
            #expect(try await client.reply().status == 200)
        }
    }

    @Test(
        "an invalid request line ends the connection with 400",
        arguments: [
            "get /v1/health HTTP/1.1", "Get /v1/health HTTP/1.1", "FETCH /v1/health HTTP/1.1", "GET /v1/health",
            "GET /v1/health HTTP/0.9", "GET /v1/health HTTP/1.2", "GET /v1/health HTTP/2.0", "GET /v1/health HTTP/1",
            "GET /v1/health http/1.1", "GET /v1/health HTTP/1.1 x", "GET /v1/ health HTTP/1.1", "GET HTTP/1.1",
            " GET /v1/health HTTP/1.1", "GET\t/v1/health\tHTTP/1.1", "GET /v1/health HTTPS/1.1", "/v1/health HTTP/1.1",
        ])
    func badLine(line: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let hidden = Request.post("/v1/reload").text
            _ = try await client.sendUntilClosed(Array("\(line)\r\nHost: localhost\r\n\r\n\(hidden)".utf8))
            let reply = try await client.reply()
            #expect(reply.status == 400)
            #expect(reply.problem?.code == .badRequest)
            #expect(reply.problem?.hint != nil)
            #expect(reply.isClosing)
            #expect(try await client.untilClosed() == "")
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("empty lines before a request are ignored (RFC 9112 §2.2)")
    func emptyLines() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send("\r\n\r\n" + Request.get("/v1/health").text + "\r\n" + Request.get("/v1/health").text)
            for _ in 0..<2 { #expect(try await client.reply().status == 200) }
        }
    }
}
