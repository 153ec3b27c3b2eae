import AgentAPI
import AgentServer
import TestSupport
import Testing

struct DepartureTests {
    @Test(
        "a disconnect does not cancel the client's request",
        arguments: [
            Request.get("/v1/accounts/slow/token"), .post("/v1/accounts/slow/logout"),
            Request(method: "DELETE", target: "/v1/accounts/slow/login"),
        ])
    func midAnswer(request: Request) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(request)
            await server.service.refresh.arrived()
            client.close()
            // An answer to another client shows that the server has seen the disconnect.
            #expect(try await server.exchange(.get("/v1/health")).status == 200)
            server.service.refresh.open()
            await eventually { server.service.finished.count == 1 }
            #expect(try await server.exchange(.get("/v1/health")).status == 200)
        }
    }

    @Test("clients that disconnect during a reply or a request do not affect others")
    func midReply() async throws {
        try await ServerFixture.serving { server in
            for text in [
                Request.get("/v1/accounts/large/token").text,
                "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Le",
                "POST /v1/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{",
            ] {
                let client = try server.client()
                try await client.send(text)
                client.close()
                #expect(try await server.exchange(.get("/v1/health")).status == 200)
            }
            #expect(!server.service.calls.contains(.reload))
        }
    }

    @Test("shutdown answers the requests in progress and refuses new connections")
    func shutdown() async throws {
        try await ServerFixture.serving { server in
            let (busy, sending, idle) = (try server.client(), try server.client(), try server.client())
            try await idle.send(.get("/v1/health"))
            #expect(try await idle.reply().status == 200)
            try await busy.send(.get("/v1/accounts/slow/token"))
            await server.service.refresh.arrived()
            try await sending.send(
                "POST /v1/accounts/work/logout HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{")
            #expect(try await server.exchange(.get("/v1/health")).status == 200)

            await server.beginShutdown()
            #expect(try await idle.untilClosed() == "")
            await eventually { (try? server.client()) == nil }
            try await sending.send("}")
            let late = try await sending.reply()
            #expect(late.json?["revoked"] as? Bool == true)
            #expect(late.isClosing)
            server.service.refresh.open()
            let reply = try await busy.reply()
            #expect(reply.status == 200)
            #expect(reply.isClosing)
            #expect(try await busy.untilClosed() == "")
        }
    }

    @Test("shutdown does not wait for a pending login")
    func shutdownDuringLogin() async throws {
        try await ServerFixture.serving { server in
            let (watcher, early) = (try server.client(), try server.client())
            try await watcher.send(.post("/v1/accounts/work/login"))
            #expect(try await watcher.streamHead().status == 200)
            try await early.send(.post("/v1/accounts/slow/login"))
            await server.service.refresh.arrived()
            await server.beginShutdown()
            // The stream ends properly, but without a final event.
            #expect(try await watcher.nextChunk() == nil)
            #expect(try await watcher.untilClosed() == "")
            server.service.refresh.open()
            #expect(try await early.streamHead().status == 200)
            #expect(try await early.nextChunk() == nil)
            await eventually { server.service.watchersThatLeft == 2 }
        }
    }

    @Test("shutdown ends within the limit for answers, whatever hangs")
    func stubbornShutdown() async throws {
        var limits = ServerLimits()
        limits.answerTime = .milliseconds(100)
        try await ServerFixture.serving(limits) { server in
            let client = try server.client()
            try await client.send(.post("/v1/accounts/slow/logout"))
            await server.service.refresh.arrived()
            await server.beginShutdown()
            #expect(try await client.untilClosed() == "")
        }
    }
}
