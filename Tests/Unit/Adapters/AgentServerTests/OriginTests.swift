import AgentAPI
import AgentServer
import Policy
import Testing

/// Requests that a web page could send through a proxy to the socket.
struct OriginTests {
    private static let targets = [
        "GET /v1/accounts/work/token", "POST /v1/reload", "POST /v1/accounts/work/logout",
        "DELETE /v1/accounts/work/login",
        "GET /metrics", "GET /v1/health", "OPTIONS /v1/lock", "GET /v1/events", "GET /nothing", "HEAD /v1/accounts",
    ]

    private func expectRefusal(
        _ head: String, reason: String, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let fixture = AccessFixture()
        let access = fixture.access(CurrentRules(AccessRules(owner: AccessFixture.stranger.user)))
        try await ServerFixture.serving(access: access) { server in
            let client = try server.client()
            _ = try await client.sendUntilClosed(Array((head + "\r\n\r\n" + Request.post("/v1/reload").text).utf8))
            let reply = try await client.reply(to: String(head.prefix { $0 != " " }))
            #expect(reply.status == 403, "\(head)", sourceLocation: sourceLocation)
            #expect(reply.isClosing, sourceLocation: sourceLocation)
            if !head.hasPrefix("HEAD") { #expect(reply.problem?.reason == reason, sourceLocation: sourceLocation) }
            #expect(try await client.untilClosed() == "", sourceLocation: sourceLocation)
            #expect(server.service.calls.isEmpty, sourceLocation: sourceLocation)
            #expect(fixture.records.map(\.result) == [.refused(.forbidden)], sourceLocation: sourceLocation)
            #expect(fixture.records.map(\.reason) == [reason], sourceLocation: sourceLocation)
            #expect(server.service.news.map(\.kind) == [.denied], sourceLocation: sourceLocation)
        }
    }

    @Test(
        "a field that only browsers send is refused on each route before any work, and recorded",
        arguments: targets,
        ["Origin: http://localhost", "origin: null", "Origin:", "Sec-Fetch-Site: none", "SEC-FETCH-anything: x"])
    func browser(target: String, field: String) async throws {
        try await expectRefusal("\(target) HTTP/1.1\r\nHost: localhost\r\n\(field)", reason: "browser")
    }

    @Test("a host other than localhost is refused on each route, and recorded", arguments: targets)
    func foreignHost(target: String) async throws {
        for host in ["rebind.evil.example", "rebind.evil.example:80", "127.0.0.1"] {
            try await expectRefusal("\(target) HTTP/1.1\r\nHost: \(host)", reason: "foreign_host")
        }
    }

    @Test(
        "the host is checked in the target's authority as well as in the Host field",
        arguments: [
            "http://rebind.evil.example/v1/health", "HTTP://evil.example:80/v1/health",
            "http://localhost@evil.example/",
            "http://localhost.evil.example/v1/health", "http://evil.example?/v1/health", "http://localhost:80:1/",
        ])
    func authority(target: String) async throws {
        try await expectRefusal("GET \(target) HTTP/1.1\r\nHost: localhost", reason: "foreign_host")
        try await expectRefusal("GET \(target) HTTP/1.0", reason: "foreign_host")
    }

    @Test("a known request with a browser's field is refused")
    func known() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let plain = "GET /v1/accounts/work/token HTTP/1.1\r\nHost: localhost\r\n"
            for _ in 0..<3 {
                try await client.send(plain + "\r\n")
                #expect(try await client.reply().status == 200)
            }
            for field in ["Origin: x", "Sec-Fetch-Mode: cors"] {
                for _ in 0..<2 {
                    let other = try server.client()
                    try await other.send(plain + field + "\r\n\r\n")
                    #expect(try await other.reply().problem?.reason == "browser")
                }
            }
            // Also when pipelined after a known request.
            try await client.send(plain + "\r\n" + plain + "Origin: x\r\n\r\n")
            #expect(try await client.reply().status == 200)
            #expect(try await client.reply().status == 403)
        }
    }

    @Test(
        "a POST with a type that a page can send without preflight is refused, also without a body",
        arguments: ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "*/*"])
    func simple(type: String) async throws {
        try await ServerFixture.serving { server in
            for target in [
                "/v1/reload", "/v1/lock", "/v1/unlock", "/v1/accounts/work/logout", "/v1/accounts/work/login",
            ] {
                for length in ["", "Content-Length: 0\r\n"] {
                    let client = try server.client()
                    try await client.send(
                        "POST \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: \(type)\r\n\(length)\r\n")
                    let reply = try await client.reply()
                    #expect(reply.status == 415, "\(target)")
                    #expect(reply.problem?.code == .unsupportedMediaType)
                }
            }
            #expect(server.service.calls.isEmpty)
            #expect(try await server.exchange(.post("/v1/reload", "", "Content-Type: application/json")).status == 200)
        }
    }
}
