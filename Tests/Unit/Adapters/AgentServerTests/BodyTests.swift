import AgentAPI
import Foundation
import Testing

struct BodyTests {
    private static let logout = "/v1/accounts/work/logout"

    @Test(
        "a body of another type than JSON in UTF-8 gets 415",
        arguments: [
            (["Content-Type: application/json"], 200), ([], 200),
            (["Content-Type: APPLICATION/JSON;Charset=UTF-8"], 200),
            (["Content-Type: application/json; charset=\"utf-8\""], 200),
            (["Content-Type: application/json; v=1"], 200),
            (["Content-Type: application/json; charset=utf-16"], 415),
            (["Content-Type: application/json; charset="], 415),
            (["Content-Type: application/jsonp"], 415), (["Content-Type: text/json"], 415), (["Content-Type:"], 415),
            (["Content-Type: application/json, text/plain"], 415), (["Content-Type: application/problem+json"], 415),
            (["Content-Type: application/json", "Content-Type: application/json"], 415),
            (["Content-Type: multipart/form-data; boundary=x"], 415), (["Content-Encoding: gzip"], 415),
            (["Content-Encoding: identity, br"], 415), (["Content-Encoding: Identity"], 200),
        ])
    func mediaType(fields: [String], status: Int) async throws {
        try await ServerFixture.serving { server in
            let request = Request(method: "POST", target: Self.logout, fields: fields, body: #"{"local":true}"#)
            let reply = try await server.exchange(request)
            #expect(reply.status == status)
            if status == 415 { #expect(reply.problem?.code == .unsupportedMediaType) }
            #expect(server.service.calls.isEmpty == (status == 415))
        }
    }

    @Test(
        "JSON that parsers read differently is refused",
        arguments: [
            #"{"local":true,"local":false}"#, #"{"local":true,"l\u006fcal":false}"#, #"{"x":{"a":1,"a":1}}"#,
            "\u{FEFF}{}", "{}{}", "{} x", "{\"local\":true,}", "{'local':true}", "{local:true}", "{\"local\":True}",
            "// x\n{}",
            "{\"x\":NaN}", "{\"x\":01}", "{\"x\":+1}", "{\"x\":.5}", "{\"x\":\"\u{1}\"}", #"{"x":"\x41"}"#,
            #"{"local":"\ud800"}"#,
            "{\"x\":" + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}", "[{}]", "null",
            "{\"x\":[" + String(repeating: "1,", count: 30_000) + "1]}",
            "true",
        ])
    func refused(body: String) async throws {
        try await ServerFixture.serving { server in
            let reply = try await server.exchange(.post(Self.logout, body))
            #expect(reply.status == 400)
            #expect(reply.problem?.code == .badRequest)
            #expect(reply.problem?.hint?.isEmpty == false)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test(
        "JSON in another encoding than UTF-8 is refused",
        arguments: [String.Encoding.utf16LittleEndian, .utf16, .utf32, .isoLatin1])
    func encodings(encoding: String.Encoding) async throws {
        try await ServerFixture.serving { server in
            let body = try #require("{\"x\":\"\u{e9}\",\"local\":true}".data(using: encoding))
            let client = try server.client()
            try await client.send(
                Array("POST \(Self.logout) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n\r\n".utf8)
                    + body)
            #expect(try await client.reply().status == 400)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("unknown members are ignored, and null is the same as absent")
    func tolerated() async throws {
        let work = try #require(AccountName("work"))
        try await ServerFixture.serving { server in
            let body = #" {"later": [{"a": 1e3, "b": "\ud83d\ude00"}], "forget_client": null, "local": true} "#
            let reply = try await server.exchange(.post(Self.logout, body))
            #expect(reply.status == 200)
            #expect(server.service.calls == [.logout(work, LogoutRequest(local: true))])
        }
    }

    @Test("a body that a resource does not read is accepted, and not read as the next request")
    func unreadBody() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let hidden = Request.post("/v1/accounts/work/logout").text
            try await client.send(
                "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(hidden.utf8.count)\r\n\r\n\(hidden)"
                    + Request.get("/v1/accounts").text)
            #expect(try await client.reply().json?["store_state"] != nil)
            #expect(try await client.reply().json?["accounts"] != nil)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test(
        "after an invalid request, the connection serves the next one",
        arguments: [
            Request.get("/nowhere"), .get("/v1/health#x"), .get("/v1/health?x=1"), .post("/v1/health"),
            .get("/v1/health", "Accept: text/html"), .post("/v1/accounts/work/logout", "{"),
            .post("/v1/accounts/work/logout", "{}", "Content-Type: text/plain"), .get("/v1/accounts/gone/token"),
        ])
    func nextRequest(wrong: Request) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(wrong.text + Request.get("/v1/health").text)
            let refused = try await client.reply()
            #expect((400..<500).contains(refused.status))
            #expect(!refused.isClosing)
            #expect(try await client.reply().status == 200)
        }
    }
}
