import AgentAPI
import TestSupport
import Testing

struct LoginStreamTests {
    private let prompt = LoginEvent.prompt(
        LoginPrompt(
            userCode: "WDJB-MJHT", verificationURI: "https://i.example/device", verificationURIComplete: nil,
            expiresIn: 600, interval: 5
        )
    )
    private let failure = LoginEvent.failed(LoginFailure(code: "access_denied", detail: "denied", hint: "again"))

    private func watch(_ server: ServerFixture) async throws -> RawClient {
        let count = server.service.watcherCount
        let client = try server.client()
        try await client.send(.post("/v1/accounts/work/login"))
        let head = try await client.streamHead()
        #expect(head.status == 200)
        #expect(head["content-type"] == LoginEvent.mediaType)
        #expect(head["cache-control"] == "no-store")
        #expect(server.service.watcherCount == count + 1)
        return client
    }

    private func event(_ line: String?) throws -> LoginEvent {
        let line = try #require(line)
        #expect(line.hasSuffix("}\n"))
        return try APIJSON.decode(LoginEvent.self, from: line.utf8)
    }

    @Test("each event is sent at once, one line each, and the connection is free after the last")
    func events() async throws {
        try await ServerFixture.serving { server in
            let client = try await watch(server)
            for sent in [prompt, .slowed(interval: 10), failure] {
                server.service.send(sent)
                #expect(try event(await client.nextChunk()) == sent)
            }
            #expect(try await client.nextChunk() == nil)
            try await client.send(.get("/v1/health"))
            #expect(try await client.reply().status == 200)
            #expect(server.service.watchersThatLeft == 0)
        }
    }

    @Test("in HTTP/1.0 the events end with the connection")
    func oldVersion() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            var request = Request.post("/v1/accounts/work/login", "", "Connection: keep-alive")
            request.version = "HTTP/1.0"
            try await client.send(request)
            #expect(try await client.streamHead().isClosing)
            server.service.send(failure)
            #expect(try event(await client.untilClosed()) == failure)
        }
    }

    @Test("a watcher's disconnect ends only its own watch", arguments: [false, true])
    func leaving(isHalfClosed: Bool) async throws {
        try await ServerFixture.serving { server in
            let (leaver, stayer) = (try await watch(server), try await watch(server))
            if isHalfClosed { leaver.closeSending() }
            server.service.send(prompt)
            #expect(try event(await leaver.nextChunk()) == prompt)
            leaver.close()
            await eventually { server.service.watchersThatLeft == 1 }
            server.service.send(failure)
            #expect(try event(await stayer.nextChunk()) == prompt)
            #expect(try event(await stayer.nextChunk()) == failure)
            #expect(server.service.watchersThatLeft == 1)
            #expect(!server.service.calls.contains { if case .cancelLogin = $0 { true } else { false } })
        }
    }

    @Test("a disconnect before the login begins leaves no watcher")
    func leftEarly() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(.post("/v1/accounts/slow/login"))
            await server.service.refresh.arrived()
            client.close()
            server.service.refresh.open()
            await eventually { server.service.watchersThatLeft == 1 }
            #expect(server.service.finished.count == 1)
        }
    }

    @Test("a watcher that does not read is cut off when its buffers are full")
    func stalled() async throws {
        try await ServerFixture.serving { server in
            let client = try await watch(server)
            let long = LoginEvent.retrying(detail: String(repeating: "x", count: 32_000))
            for _ in 0..<100 { server.service.send(long) }
            try await client.hangup()
            await eventually { server.service.watchersThatLeft == 1 }
            #expect(try await client.untilClosed().utf8.count < 100 * 32_000)
        }
    }
}
