import AgentAPI
import AgentServer
import Foundation
import Policy
import TestSupport
import Testing

struct CapTests {
    @Test("a user's connections are capped, and a closed one frees its place")
    func perUser() async throws {
        var limits = ServerLimits()
        limits.connectionsPerUser = 2
        try await ServerFixture.serving(limits) { server in
            let kept = [try server.client(), try server.client()]
            for client in kept {
                try await client.send(.get("/v1/health"))
                #expect(try await client.reply().status == 200)
            }
            // It gets the refusal without a request.
            let third = try server.client()
            let refusal = try await third.reply()
            #expect(refusal.status == 429)
            #expect(refusal.problem?.code == .tooManyRequests)
            #expect(refusal.problem?.hint?.isEmpty == false)
            #expect(refusal["cache-control"] == "no-store")
            #expect(refusal.isClosing)
            #expect(try await third.untilClosed() == "")

            kept[0].close()
            try await eventually { try await server.exchange(.get("/v1/health")).status == 200 }
            try await kept[1].send(.get("/v1/health"))
            #expect(try await kept[1].reply().status == 200)
        }
    }

    @Test("a user without access gets a few refusals at once; further connections are not examined")
    func refusals() async throws {
        var limits = ServerLimits()
        limits.refusalTime = .seconds(60)
        let fixture = AccessFixture()
        let caller = SlowCaller(AccessFixture.stranger)
        let access = fixture.access(CurrentRules(AccessRules(owner: AccessFixture.owner)), as: caller)
        try await ServerFixture.serving(limits, access: access) { server in
            var clients: [RawClient] = []
            for _ in 0..<32 {
                let client = try server.client()
                #expect(try await client.reply().status == 403)
                clients.append(client)
            }
            let looks = caller.askedFor.count
            for _ in 0..<10 { #expect(try await server.client().untilClosed() == "") }
            #expect(caller.askedFor.count == looks)
            #expect(fixture.records.count == 32)
            #expect(fixture.suppressed == 10)
            clients.removeFirst().close()
            try await eventually { try await server.client().untilClosed().contains(" 403 ") }
        }
    }

    @Test("a user without access that connects and closes repeatedly is soon not examined")
    func hangingUp() async throws {
        var limits = ServerLimits()
        limits.refusalsPerSecond = 5
        let fixture = AccessFixture()
        let access = fixture.access(CurrentRules(AccessRules(owner: AccessFixture.owner)))
        try await ServerFixture.serving(limits, access: access) { server in
            for _ in 0..<500 { try server.client().close() }
            await eventually { fixture.records.count + fixture.suppressed == 500 }
            // Five a second, for less than ten seconds.
            #expect((1...50).contains(fixture.records.count), "\(fixture.records.count)")
        }
    }

    @Test("a user over the refusal limit is admitted where a rule allows its uid anything")
    func welcome() async throws {
        var limits = ServerLimits()
        (limits.refusalsAtOnce, limits.connectionsPerUser) = (2, 1)
        limits.refusalTime = .seconds(60)
        let fixture = AccessFixture()
        let access = fixture.access(AccessFixture.rule(allow: [.token]))
        try await ServerFixture.serving(limits, access: access) { server in
            let kept = try server.client()
            try await kept.send(.get("/v1/accounts/work/token"))
            #expect(try await kept.reply().status == 200)
            let refused = [try server.client(), try server.client()]
            for client in refused { #expect(try await client.reply().status == 429) }
            #expect(try await server.client().untilClosed() == "")
            kept.close()
            await eventually { (try? await server.exchange(.get("/v1/accounts/work/token")))?.status == 200 }
            #expect(fixture.suppressed == 0)
        }
    }

    @Test("refused connections do not count towards the user's cap")
    func refusedAreFree() async throws {
        var limits = ServerLimits()
        limits.connectionsPerUser = 1
        try await ServerFixture.serving(limits) { server in
            let kept = try server.client()
            try await kept.send(.get("/v1/health"))
            #expect(try await kept.reply().status == 200)
            for _ in 0..<50 { #expect(try await server.client().reply().status == 429) }
            kept.close()
            try await eventually { try await server.exchange(.get("/v1/health")).status == 200 }
        }
    }

    @Test("a thousand clients at once are all served")
    func thousand() async throws {
        try Self.raiseDescriptorLimit(to: 4_096)
        try await ServerFixture.serving { server in
            let clients = try (0..<1_000).map { _ in try server.client() }
            for client in clients { try await client.send(.get("/v1/accounts/slow/token")) }
            await server.service.refresh.arrived(clients.count)
            // All of them wait, but the next one does not.
            let fresh = try await server.exchange(.get("/v1/accounts/work/token"))
            #expect(fresh.status == 200)
            server.service.refresh.open()
            for client in clients { try #require(try await client.reply().status == 200) }
        }
    }

    @Test("a slow call does not delay other clients")
    func slowCall() async throws {
        try await ServerFixture.serving { server in
            let slow = try server.client()
            try await slow.send(.get("/v1/accounts/slow/token"))
            await server.service.refresh.arrived()
            for path in ["health", "accounts", "accounts/work", "accounts/work/token"] {
                #expect(try await server.exchange(.get("/v1/" + path)).status == 200)
            }
            #expect(server.service.finished.isEmpty)
            server.service.refresh.open()
            #expect(try await slow.reply().status == 200)
        }
    }

    /// Both ends of every connection are in this process.
    private static func raiseDescriptorLimit(to wanted: rlim_t) throws {
        var limit = rlimit()
        try #require(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, "the hard limit is too low")
    }
}
