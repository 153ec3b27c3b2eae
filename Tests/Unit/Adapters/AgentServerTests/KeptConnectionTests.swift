import AgentAPI
import Foundation
import TestSupport
import Testing

struct KeptConnectionTests {
    @Test("pipelined requests are answered one by one, in order")
    func pipelining() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let requests: [Request] = [
                .get("/v1/accounts/slow/token"), .get("/v1/accounts/work/token", "Accept: text/plain"),
                .get("/v1/health"), .get("/nowhere"), .post("/v1/accounts/work/logout", #"{"local":true}"#),
                .get("/v1/accounts/work/token"),
            ]
            try await client.send(requests.map(\.text).joined())
            await server.service.refresh.arrived()
            server.service.refresh.open()
            var bodies: [String] = []
            for _ in requests { bodies.append(try await client.reply().body) }
            let marks = ["slow", "at-secret\n", "store_state", "not_found", "revoked", "work"]
            for (body, mark) in zip(bodies, marks) { #expect(body.contains(mark)) }
        }
    }

    @Test("requests that arrive in pieces are answered as if whole", arguments: [1, 7, 64])
    func pieces(size: Int) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let bytes = Array(
                (Request.post("/v1/accounts/work/logout", "{}").text + Request.get("/v1/health").text).utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                try await client.send(Array(bytes[start..<min(start + size, bytes.count)]))
            }
            #expect(try await client.reply().json?["revoked"] as? Bool == true)
            #expect(try await client.reply().json?["store_state"] as? String == "ok")
        }
    }

    @Test("thousands of requests behind a slow one are answered without recursion")
    func manyBehindSlow() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let count = 2_000
            let ahead = String(repeating: "GET / HTTP/1.1\r\nHost:\r\n\r\n", count: count)
            try await client.send(Request.get("/v1/accounts/slow/token").text + ahead)
            // At the end of its input, the server reads everything at once.
            client.closeSending()
            await server.service.refresh.arrived()
            #expect(try await server.exchange(.get("/v1/health")).status == 200)
            server.service.refresh.open()
            #expect(try await client.reply().status == 200)
            let replies = try await client.untilClosed()
            #expect(replies.components(separatedBy: "HTTP/1.1 404").count == count + 1)
        }
    }

    @Test("a client that always has requests ahead and reads is served as long as it goes on")
    func alwaysAhead() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let count = 5_000
            let requests = Array(String(repeating: Request.get("/v1/health").text, count: count).utf8)
            async let sent = client.sendUntilClosed(requests)
            for _ in 0..<count { try #require(try await client.reply().status == 200) }
            #expect(try await sent == requests.count)
        }
    }

    @Test("after Connection: close there is one reply, whatever follows the request", arguments: ["slow", "work"])
    func connectionClose(account: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let last = Request.get("/v1/accounts/\(account)/token", "Accept: text/plain", "Connection: close")
            try await client.send(last.text + Request.post("/v1/reload").text)
            server.service.refresh.open()
            let reply = try await client.reply()
            #expect(reply.body == "at-secret\n")
            #expect(reply.isClosing)
            #expect(try await client.untilClosed() == "")
            #expect(!server.service.calls.contains(.reload))
        }
    }

    @Test("garbage after a request does not prevent its reply", arguments: ["slow", "work"])
    func garbageBehind(account: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(Request.get("/v1/accounts/\(account)/token").text + "\u{1}\u{2}\r\n\r\n")
            server.service.refresh.open()
            #expect(try await client.reply().status == 200)
            #expect(try await client.reply().status == 400)
            #expect(try await client.untilClosed() == "")
        }
    }

    @Test(
        "a client that closes its sending side, as `nc -N` does, still gets its reply",
        arguments: ["accounts/work/token", "accounts/slow/token", "accounts", "health", "nothing"])
    func halfClose(path: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(.get("/v1/" + path))
            client.closeSending()
            if path.contains("slow") {
                await server.service.refresh.arrived()
                // An answer to another client shows that the server has seen the half-close.
                #expect(try await server.exchange(.get("/v1/health")).status == 200)
                server.service.refresh.open()
            }
            let reply = try await client.reply()
            #expect(reply.status == (path == "nothing" ? 404 : 200))
            #expect(try await client.untilClosed() == "")
        }
    }

    @Test("all requests that were sent before a half-close are answered")
    func halfClosePipelined() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let targets = ["/v1/accounts/slow/token", "/v1/health", "/v1/accounts/work/token", "/v1/accounts"]
            try await client.send(targets.map { Request.get($0).text }.joined())
            client.closeSending()
            await server.service.refresh.arrived()
            server.service.refresh.open()
            for _ in targets { #expect(try await client.reply().status == 200) }
            #expect(try await client.untilClosed() == "")
        }
    }

    @Test("an incomplete request before a half-close gets 400")
    func halfRequest() async throws {
        try await ServerFixture.serving { server in
            for text in [
                "GET /v1/health HTTP/1.1\r\nHost",
                "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
            ] {
                let client = try server.client()
                try await client.send(text)
                client.closeSending()
                #expect(try await client.reply().status == 400)
                #expect(try await client.untilClosed() == "")
            }
            #expect(server.service.calls.isEmpty)
        }
    }
}
