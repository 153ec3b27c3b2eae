import AgentAPI
import AgentServer
import TestSupport
import Testing

/// The server's stop during a reply.
struct StopTests {
    private static let large = Request.get("/v1/accounts/large/token")
    /// Not for the lane.
    private static let largeByHTTP = Request.get("/v1/accounts/large/token", "X-Other: 1")

    @Test("a reply in progress at the stop is sent to its end", arguments: [false, true])
    func whole(isPlain: Bool) async throws {
        try await ServerFixture.serving { server in
            let request = isPlain ? Self.large : Self.largeByHTTP
            let before = server.service.calls.count
            let client = try server.client()
            // More than the socket buffers, and more than one reply.
            for count in 1...2 {
                try await client.send(request)
                if count == 1 { await eventually { server.service.calls.count == before + 1 } }
            }
            await server.beginShutdown()
            await eventually { (try? server.client()) == nil }
            #expect(try await client.reply().body.utf8.count > FakeAgentService.largeTokenSize)
        }
    }

    @Test("a client that sends more requests during its reply does not delay the stop")
    func asksOn() async throws {
        try await ServerFixture.serving { server in
            let before = server.service.calls.count
            let client = try server.client()
            try await client.send(Self.large)
            await eventually { server.service.calls.count == before + 1 }
            await server.beginShutdown()
            await eventually { (try? server.client()) == nil }
            try await client.send(.get("/v1/health"))
            // The stop ends before its limit, which would close the connection.
            #expect(try await client.untilClosed().utf8.count > FakeAgentService.largeTokenSize)
        }
    }
}
