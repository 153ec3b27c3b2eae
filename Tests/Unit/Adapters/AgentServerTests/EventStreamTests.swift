import AgentAPI
import AgentServer
import Policy
import Synchronization
import TestSupport
import Testing

/// `GET /v1/events` on the wire (WHATWG HTML §9.2).
struct EventStreamTests {
    private func event(_ count: UInt64, detail: String = "") -> AgentEvent {
        var news = AgentNews(.refreshFailed, account: AccountName("work"))
        news.detail = detail
        return AgentEvent(id: EventID(origin: "a1", count: count), time: 1_790_000_000, news: news)
    }

    private func watch(_ server: ServerFixture, _ fields: String...) async throws -> RawClient {
        let client = try server.client()
        var request = Request.get("/v1/events")
        request.fields = fields
        try await client.send(request)
        let head = try await client.streamHead()
        #expect(head.status == 200)
        #expect(head["content-type"] == "text/event-stream")
        #expect(head["cache-control"] == "no-store")
        return client
    }

    @Test("an id comes at once, then each event as id, name and one line of JSON")
    func events() async throws {
        try await ServerFixture.serving { server in
            let client = try await watch(server, "Accept: text/event-stream")
            #expect(try await client.nextChunk() == "id: a1-7\n\n")
            let watcher = try #require(server.service.eventWatchers.first)
            for count in UInt64(8)...9 {
                let sent = event(count, detail: "one\r\ntwo\u{2028}")
                watcher.yield(sent)
                let text = try #require(await client.nextChunk())
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                try #require(lines.count == 5, "\(text)")
                #expect(lines[0] == "id: a1-\(count)")
                #expect(lines[1] == "event: refresh_failed")
                #expect(lines[3...] == ["", ""])
                let data = try #require(lines[2].hasPrefix("data: ") ? lines[2].dropFirst(6) : nil)
                #expect(try APIJSON.decode(AgentEvent.self, from: data.utf8) == sent)
            }
            watcher.finish()
            #expect(try await client.nextChunk() == nil)
            try await client.send(.get("/v1/health"))
            #expect(try await client.reply().status == 200)
        }
    }

    @Test("a client's last event id reaches the service unchanged; two of them are an error")
    func resuming() async throws {
        try await ServerFixture.serving { server in
            _ = try await watch(server, "Last-Event-ID: a1-3")
            _ = try await watch(server, "last-event-id: nonsense")
            _ = try await watch(server)
            #expect(server.service.calls == [.events("a1-3"), .events("nonsense"), .events(nil)])
            let twice = try await server.exchange(.get("/v1/events", "Last-Event-ID: a1-3", "Last-Event-ID: a1-4"))
            #expect(twice.problem?.code == .badRequest)
        }
    }

    @Test("an idle stream sends heartbeats")
    func signs() async throws {
        var limits = ServerLimits()
        limits.silence = .milliseconds(20)
        try await ServerFixture.serving(limits) { server in
            let client = try await watch(server)
            #expect(try await client.nextChunk() == "id: a1-7\n\n")
            for _ in 0..<3 { #expect(try await client.nextChunk() == ":\n\n") }
        }
    }

    @Test("a client that reads nothing is cut off when its buffer is full, by events or heartbeats")
    func stalled() async throws {
        try await ServerFixture.serving { server in
            let client = try await watch(server)
            let watcher = try #require(server.service.eventWatchers.first)
            let long = String(repeating: "x", count: 32_000)
            for count in UInt64(8)...107 { watcher.yield(event(count, detail: long)) }
            try await client.hangup()
            await eventually { server.service.watchersThatLeft == 1 }
            #expect(try await client.untilClosed().utf8.count < 100 * 32_000)
        }
    }

    @Test("a disconnect ends the watch")
    func leaving() async throws {
        try await ServerFixture.serving { server in
            let client = try await watch(server)
            client.close()
            await eventually { server.service.watchersThatLeft == 1 }
        }
    }

    @Test("watchers do not delay the server's stop, and their streams end properly")
    func stop() async throws {
        try await ServerFixture.serving { server in
            let client = try await watch(server)
            #expect(try await client.nextChunk() == "id: a1-7\n\n")
            await server.beginShutdown()
            #expect(try await client.nextChunk() == nil)
        }
    }

    @Test("HEAD has the fields and does not start a watch")
    func head() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(Request(method: "HEAD", target: "/v1/events"))
            let head = try await client.streamHead()
            #expect(head.status == 200)
            #expect(head["content-type"] == "text/event-stream")
            #expect(head["content-length"] == nil)
            #expect(try await client.untilClosed() == "")
            #expect(server.service.eventWatchers.isEmpty)
        }
    }

    @Test("in HTTP/1.0 the events end with the connection")
    func oldVersion() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            var request = Request.get("/v1/events")
            request.version = "HTTP/1.0"
            try await client.send(request)
            #expect(try await client.streamHead().isClosing)
            server.service.eventWatchers.first?.finish()
            #expect(try await client.untilClosed() == "id: a1-7\n\n")
        }
    }

    @Test("another method, another media type and parameters are refused")
    func refused() async throws {
        try await ServerFixture.serving { server in
            let posted = try await server.exchange(.post("/v1/events"))
            #expect(posted.problem?.code == .methodNotAllowed)
            #expect(posted["allow"] == "GET, HEAD")
            let json = try await server.exchange(.get("/v1/events", "Accept: application/json"))
            #expect(json.problem?.code == .notAcceptable)
            #expect(try await server.exchange(.get("/v1/events?after=a1-3")).problem?.code == .badRequest)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("a stream ends with the process that requested it, even if another process holds its connection")
    func orphan() async throws {
        let caller = SlowCaller(AccessFixture.stranger)
        let fixture = AccessFixture()
        try await ServerFixture.serving(access: fixture.access(AccessFixture.rule(allow: [.status]), as: caller)) {
            server in
            let client = try server.client()
            try await client.send(.get("/v1/events"))
            #expect(try await client.reply(headOfStream: true).status == 200)
            await eventually { server.service.eventWatchers.count == 1 }
            caller.isLost.withLock { $0 = true }
            let news = AgentNews(.refreshed, account: AccountName("work"))
            server.service.eventWatchers[0].yield(
                AgentEvent(id: EventID(origin: "a1", count: 8), time: 1_800_000_000, news: news))
            #expect(try await !client.untilClosed().contains("refreshed"))
        }
    }
}
