import AgentAPI
import AgentServer
import Foundation
import TestSupport
import Testing

struct DeadlineTests {
    private func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        change(&limits)
        return limits
    }

    @Test(
        "a request that arrives byte by byte is cut off in time, and does not delay others",
        arguments: [
            "GET /v1/health HTTP/1.1\r\nHost: localhost\r\nX: ",
            "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n",
        ])
    func slowLoris(start: String) async throws {
        try await ServerFixture.serving(limits { $0.requestTime = .milliseconds(200) }) { server in
            let slow = try server.client()
            try await slow.send(start)
            // Each byte follows a whole request of another client.
            while try await slow.sendUntilClosed([UInt8(ascii: "x")]) == 1 {
                let reply = try await server.exchange(.get("/v1/accounts/work/token"))
                try #require(reply.status == 200)
            }
            let reply = try await slow.reply()
            #expect(reply.status == 408)
            #expect(reply.problem?.code == .timeout)
            #expect(reply["cache-control"] == "no-store")
            #expect(reply.isClosing)
            #expect(!server.service.calls.contains(.reload))
        }
    }

    @Test("an incomplete request gets 408", arguments: ["G", "\r\n", "GET /v1/health HTTP/1.1\r\nHo"])
    func halfRequest(text: String) async throws {
        try await ServerFixture.serving(limits { $0.requestTime = .milliseconds(100) }) { server in
            let client = try server.client()
            try await client.send(text)
            #expect(try await client.reply().status == 408)
            #expect(try await client.untilClosed() == "")
        }
    }

    @Test("an idle connection ends after the idle time, whether new, used, or after a login's events")
    func idle() async throws {
        try await ServerFixture.serving(limits { $0.idleTime = .milliseconds(500) }) { server in
            let new = try server.client()
            #expect(try await new.untilClosed() == "")

            let used = try server.client()
            try await used.send(.get("/v1/health"))
            #expect(try await used.reply().status == 200)
            #expect(try await used.untilClosed() == "")

            let watcher = try server.client()
            try await watcher.send(.post("/v1/accounts/work/login"))
            #expect(try await watcher.streamHead().status == 200)
            server.service.send(.failed(LoginFailure(code: "access_denied", detail: "no", hint: "again")))
            while try await watcher.nextChunk() != nil {}
            #expect(try await watcher.untilClosed() == "")
        }
    }

    @Test("a client that stops reading is disconnected, and others are not affected")
    func stalledReader() async throws {
        try await ServerFixture.serving(limits { $0.writeTime = .milliseconds(200) }) { server in
            let stalled = try server.client()
            try await stalled.send(.get("/v1/accounts/large/token"))
            #expect(try await server.exchange(.get("/v1/accounts/work/token")).status == 200)
            try await stalled.hangup()
            #expect(try await stalled.untilClosed().utf8.count < FakeAgentService.largeTokenSize)
        }
    }

    @Test("a client that sends requests without reading is cut off, and its replies do not accumulate")
    func flood() async throws {
        try await ServerFixture.serving(limits { $0.writeTime = .milliseconds(200) }) { server in
            let client = try server.client()
            let requests = String(repeating: Request.get("/v1/accounts/work/token").text, count: 1_000)
            let sent = try await client.sendUntilClosed(Array(requests.utf8), times: 100)
            // The kernel's buffers of both sides, and one read.
            #expect(sent < 2 << 20)
            #expect(server.service.calls.count < 30_000)
        }
    }

    @Test("a client that reads nothing has one reply in the agent's memory, however many requests it has sent")
    func oneReplyAtATime() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            let large = try #require(AccountName("large"))
            let path = Resource.token.path(of: large)
            try await client.send(Array(String(repeating: Request.get(path).text, count: 5).utf8))
            // These are answered after the server has read the five.
            for _ in 0..<3 {
                #expect(try await server.exchange(.get("/v1/accounts/work/token", "X-Other: 1")).status == 200)
            }
            let answered = server.service.calls.filter { if case .token(large, _, _) = $0 { true } else { false } }
            #expect(answered.count == 1)
            for _ in 0..<5 { #expect(try await client.reply().body.utf8.count > FakeAgentService.largeTokenSize) }
            try await client.send(.get("/v1/health"))
            #expect(try await client.reply().status == 200)
        }
    }

    @Test("what a client sends ahead stays in the kernel while its first request is answered")
    func sentAhead() async throws {
        try await ServerFixture.serving { server in
            // What fits into a socket that is not read at all.
            var pair: [Int32] = [0, 0]
            #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
            defer { for end in pair { close(end) } }
            let unread = Self.fill(pair[0])
            let client = try server.client()
            var sent = 0
            // The server reads in its own time, so the client tries again and again.
            for _ in 0..<20 {
                sent += Self.fill(client.descriptor)
                for _ in 0..<5 {
                    #expect(try await server.exchange(.get("/v1/health", "X-Other: 1")).status == 200)
                }
            }
            #expect(sent - unread < 16 * 1024, "\(sent) of \(unread)")
            server.service.refresh.open()
        }
    }

    /// Sends requests for a slow account until the socket is full, and returns how many bytes that were.
    private static func fill(_ socket: Int32) -> Int {
        let request = Array(Request.get("/v1/accounts/slow/token").text.utf8)
        var sent = 0
        while true {
            let count = send(socket, request, request.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
            guard count > 0 else { return sent }
            sent += count
        }
    }

    @Test(
        "after a lock, a reply that its client has not read is dropped with the connection",
        arguments: [[], ["X-Other: 1"]])
    func unreadReply(fields: [String]) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(Request(method: "GET", target: "/v1/accounts/large/token", fields: fields))
            await eventually { !server.service.calls.isEmpty }
            #expect(try await server.exchange(.post("/v1/lock")).status == 200)
            #expect(try await client.untilClosed().utf8.count < FakeAgentService.largeTokenSize)
        }
    }

    @Test("a late answer is a timeout; the connection stays open, and the work continues")
    func answerTime() async throws {
        try await ServerFixture.serving(limits { $0.answerTime = .milliseconds(100) }) { server in
            let client = try server.client()
            try await client.send(.get("/v1/accounts/slow/token"))
            let late = try await client.reply()
            #expect(late.status == 504)
            #expect(late.problem?.code == .timeout)
            #expect(!late.isClosing)
            server.service.refresh.open()
            await eventually { server.service.finished == server.service.calls }
            // The late answer must not become the reply to the next request.
            try await client.send(.get("/v1/accounts/work/token", "Accept: text/plain"))
            #expect(try await client.reply().body == "at-secret\n")
        }
    }

    @Test("a client's shorter wait ends with a timeout, and the work continues for the next request")
    func wait() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            for seconds in [0, 1] {
                try await client.send(.get("/v1/accounts/slow/token?wait=\(seconds)"))
                let late = try await client.reply()
                #expect(late.status == 504)
                #expect(late.problem?.code == .timeout)
                #expect(!late.isClosing)
            }
            #expect(server.service.calls.count == 2)
            #expect(server.service.finished.isEmpty)
            #expect(try await server.exchange(.get("/v1/accounts/work?wait=1")).status == 400, "of a token only")
            // A cached token needs no wait, and a client with a longer wait gets its token.
            try await client.send(.get("/v1/accounts/work/token?wait=0"))
            #expect(try await client.reply().status == 200)
            let patient = try server.client()
            try await patient.send(.get("/v1/accounts/slow/token?wait=40"))
            await eventually { server.service.calls.count == 4 }
            server.service.refresh.open()
            #expect(try await patient.reply().status == 200)
            await eventually { server.service.finished.count == 3 }
        }
    }

    @Test("a wait cannot exceed the agent's own limit")
    func longestWait() async throws {
        try await ServerFixture.serving(limits { $0.answerTime = .milliseconds(100) }) { server in
            #expect(try await server.exchange(.get("/v1/accounts/slow/token?wait=40")).status == 504)
            for query in ["wait=41", "wait=-1", "wait=1.5", "wait=", "wait=1&wait=2"] {
                let refused = try await server.exchange(.get("/v1/accounts/work/token?\(query)"))
                #expect(refused.status == 400)
                #expect(refused.problem?.detail.contains("wait") == true)
            }
        }
    }

    @Test("an answer at the very deadline is one reply, not two")
    func sameMoment() async throws {
        try await ServerFixture.serving { server in
            server.service.refresh.open()
            let client = try server.client()
            for _ in 0..<2_000 {
                try await client.send(.get("/v1/accounts/slow/token?wait=0"))
                let status = try await client.reply().status
                try #require(status == 200 || status == 504)
            }
        }
    }

    @Test("a logout or a login is never answered with a timeout")
    func noAnswerTime() async throws {
        try await ServerFixture.serving(limits { $0.answerTime = .milliseconds(50) }) { server in
            let clients = [try server.client(), try server.client()]
            try await clients[0].send(.post("/v1/accounts/slow/logout"))
            try await clients[1].send(.post("/v1/accounts/slow/login"))
            // Two other requests have timed out meanwhile, so twice the limit has passed.
            for _ in 0..<2 { #expect(try await server.exchange(.get("/v1/accounts/slow")).status == 504) }
            server.service.refresh.open()
            #expect(try await clients[0].reply().status == 200)
            #expect(try await clients[1].streamHead().status == 200)
        }
    }
}
