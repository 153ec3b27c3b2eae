import AgentAPI
import AgentServer
import Synchronization
import TestSupport
import Testing

/// The server's stop: during a reply, and at the moment of a request.
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

    /// What a client requests: one for the lane, one for HTTP.
    private static let requests = [Request.get("/v1/accounts/work/token"), .get("/v1/health")]

    @Test(
        "clients that connected before the stop are answered, also those that were not accepted yet",
        arguments: requests)
    func queued(request: Request) async throws {
        let door = Doorkeeper(blocking: [1])
        try await ServerFixture.serving(access: door.access) { server in
            defer { door.openAll() }
            let stops = server.stopIsOrdered()
            _ = try server.client()
            await door.arrived(1)
            var clients: [RawClient] = []
            for _ in 0..<50 {
                let client = try server.client()
                try await client.send(request)
                clients.append(client)
            }
            await server.beginShutdown()
            await stops.pass()
            door.openAll()
            for client in clients {
                #expect(try await client.reply().status == 200)
                #expect(try await client.untilClosed() == "")
            }
        }
    }

    @Test(
        "a request that arrives while the lane takes the order to stop is answered", arguments: requests, [true, false])
    func atTheOrder(request: Request, isKept: Bool) async throws {
        let door = Doorkeeper(blocking: [2, 3])
        try await ServerFixture.serving(access: door.access) { server in
            defer { door.openAll() }
            let stops = server.stopIsOrdered()
            let client = try server.client()
            await door.arrived(1)
            if isKept {
                try await client.send(Self.requests[0])
                #expect(try await client.reply().status == 200)
            }
            // The lane accepts this one, and sees in its next turn the order and another.
            _ = try server.client()
            await door.arrived(2)
            await server.beginShutdown()
            await stops.pass()
            _ = try server.client()
            door.open(2)
            await door.arrived(3)
            try await client.send(request)
            door.open(3)
            #expect(try await client.reply().status == 200)
            #expect(try await client.untilClosed() == "")
        }
    }

    @Test("whatever send(2) has taken is answered, however close to the stop", arguments: requests)
    func race(request: Request) async throws {
        for _ in 0..<10 {
            let replies = Count()
            try await ServerFixture.serving { server in
                let clients = try (0..<8).map { _ in try server.client() }
                try await withThrowingTaskGroup { group in
                    for client in clients {
                        group.addTask {
                            let bytes = Array(request.text.utf8)
                            while try await client.sendUntilClosed(bytes) == bytes.count {
                                let reply = try await client.reply()
                                #expect(reply.status == 200)
                                replies.increment()
                                if reply.isClosing { return }
                            }
                        }
                    }
                    await eventually { replies.value > 20 }
                    await server.beginShutdown()
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("a request that needs a confirmation is refused at once when the agent stops")
    func confirmation() async throws {
        let fixture = ConfirmFixture(.each)
        try await ServerFixture.serving(access: fixture.access) { server in
            fixture.approvals.drop(.agentStops)
            let reply = try await server.exchange(.get("/v1/accounts/work/token"))
            #expect(reply.status == 403)
            #expect(reply.problem?.detail == "the agent is stopping")
        }
    }

    @Test("a client that connects and sends nothing does not delay the stop")
    func silent() async throws {
        var limits = ServerLimits()
        limits.lastRequestTime = .milliseconds(1)
        try await ServerFixture.serving(limits) { server in
            let client = try server.client()
            await server.beginShutdown()
            #expect(try await client.untilClosed() == "")
        }
    }
}

/// A number that tasks raise.
private final class Count: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func increment() { count.withLock { $0 += 1 } }
}
