import AgentAPI
import AgentServer
import Policy
import TestSupport
import Testing

/// `newer_than`: requests that wait for a newer token.
struct NewerTokenTests {
    private static let slow = Request.get("/v1/accounts/slow/token?newer_than=1800000300")
    private static let byURL = Request.get("/v1/token?url=https://slow.example/&newer_than=1800000300")

    private func waiting(_ server: ServerFixture, _ count: Int = 1) async {
        await eventually { server.service.waitingForNewer == count }
    }

    @Test("the reply is the newer token, with a tag", arguments: [slow, byURL])
    func newer(request: Request) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(request)
            await waiting(server)
            server.service.sendNewerToken()
            let reply = try await client.reply()
            #expect(reply.status == 200 && reply["etag"] == "\"000000000000002b\"")
            #expect(reply.json?["access_token"] as? String == "at-secret")
            // The connection goes on, and other requests have no tag.
            try await client.send(.get("/v1/accounts/work/token"))
            let other = try await client.reply()
            #expect(other.status == 200 && other["etag"] == nil)
        }
    }

    @Test("at the end of wait the reply is 304 with the tag and no content", arguments: ["GET", "HEAD"])
    func unchanged(method: String) async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            for wait in [0, 1] {
                try await client.send(
                    Request(method: method, target: "/v1/accounts/slow/token?newer_than=1800000300&wait=\(wait)"))
                let reply = try await client.reply(to: "HEAD")
                #expect(reply.status == 304 && reply["etag"] == "\"000000000000002a\"")
                #expect(reply["content-type"] == nil && reply["content-length"] == nil)
                #expect(reply["transfer-encoding"] == nil && reply["cache-control"] == "no-store")
            }
            try await client.send(.get("/v1/health"))
            #expect(try await client.reply().status == 200)
        }
    }

    @Test("the agent's own limit ends a wait without the parameter")
    func limit() async throws {
        var limits = ServerLimits()
        limits.answerTime = .milliseconds(50)
        limits.endOfWaitTime = .seconds(600)
        try await ServerFixture.serving(limits) { server in
            let client = try server.client()
            try await client.send(Self.slow)
            #expect(try await client.reply(to: "HEAD").status == 304)
        }
    }

    @Test("the parameters of a token request apply, and newer_than is a time")
    func parameters() async throws {
        try await ServerFixture.serving { server in
            let query = "newer_than=253402300799&min_valid=7&id_token=true&scope=a&wait=3"
            for path in ["/v1/accounts/work/token?", "/v1/token?url=https://work.example/&"] {
                #expect(try await server.exchange(.get(path + query)).status == 200)
            }
            let name = try #require(AccountName("work"))
            let request = TokenRequest(
                minimumValidity: 7, includesIDToken: true, target: try TokenTarget(scopes: ["a"]), wait: 3,
                newerThan: 253_402_300_799)
            #expect(
                server.service.calls == [
                    .newerToken(name, request, than: 253_402_300_799),
                    .newerToken(name, request, than: 253_402_300_799),
                ])
            for bad in ["", "-1", "1.5", "253402300800", "9223372036854775808", "%2B1", "now", "1&newer_than=2"] {
                let reply = try await server.exchange(.get("/v1/accounts/work/token?newer_than=\(bad)"))
                #expect(reply.problem?.code == .badRequest, "\(bad)")
            }
            let text = try await server.exchange(
                .get("/v1/accounts/work/token?newer_than=1", "Accept: text/plain"))
            #expect(text.status == 200 && text.body == "at-secret\n" && text["etag"] != nil)
        }
    }

    @Test("the lane leaves such requests to HTTP")
    func notForTheLane() async throws {
        try await ServerFixture.serving { server in
            for query in ["newer_than=1", "min_valid=60&newer_than=1", "newer_than=1&min_valid=60"] {
                #expect(try await server.exchange(.get("/v1/accounts/work/token?\(query)")).status == 200)
            }
            #expect(server.lane.count == 0)
            let name = try #require(AccountName("work"))
            let expected = FakeAgentService.Call.newerToken(name, TokenRequest(newerThan: 1), than: 1)
            #expect(server.service.calls == [expected, expected, expected])
        }
    }

    @Test("a problem ends the wait, without texts that are for the owner")
    func problems() async throws {
        let access = AccessFixture().access(AccessFixture.rule(allow: [.token]))
        try await ServerFixture.serving(access: access) { server in
            for (problem, detail) in [
                (Problem(.loginRequired, "/home/owner", reason: "not_logged_in"), "the account requires a new login"),
                (Problem(.badRequest, "no expiry", reason: "no_expiry"), "no expiry"),
            ] {
                server.service.failing = problem
                let reply = try await server.exchange(.get("/v1/accounts/fails/token?newer_than=1"))
                #expect(reply.problem?.code == problem.code && reply.problem?.detail == detail)
                #expect(reply.problem?.reason == problem.reason)
            }
        }
    }

    @Test("a client that closes its connection ends its wait")
    func closed() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(Self.slow)
            await waiting(server)
            client.close()
            await waiting(server, 0)
        }
    }

    @Test("many waiting requests do not delay another one, and end together")
    func many() async throws {
        try await ServerFixture.serving { server in
            let clients = try (0..<300).map { _ in try server.client() }
            for client in clients { try await client.send(Self.slow) }
            await waiting(server, 300)
            #expect(try await server.exchange(.get("/v1/accounts/work/token")).status == 200)
            server.service.sendNewerToken()
            for client in clients { #expect(try await client.reply().status == 200) }
        }
    }

    @Test("shutdown ends a wait with 304, also of a request that is sent ahead")
    func shutdown() async throws {
        try await ServerFixture.serving { server in
            let client = try server.client()
            try await client.send(Self.slow)
            await waiting(server)
            await server.beginShutdown()
            let reply = try await client.reply(to: "HEAD")
            #expect(reply.status == 304 && reply.isClosing)
            #expect(try await client.untilClosed() == "")
        }
    }

    @Test("one decision and one record for each request; new rules end the wait")
    func rules() async throws {
        let fixture = AccessFixture()
        let rule = AccessFixture.rule(["slow"], allow: [.token], perMinute: 2)
        let rules = CurrentRules(AccessRules(owner: AccessFixture.owner, rules: [rule]))
        try await ServerFixture.serving(access: fixture.access(rules)) { server in
            let client = try server.client()
            try await client.send(Self.slow)
            await waiting(server)
            server.service.sendNewerToken()
            #expect(try await client.reply().status == 200)
            #expect(fixture.records.map(\.result) == [.allowed])
            try await client.send(Self.slow)
            await waiting(server)
            #expect(fixture.records.count == 1)
            // The caller keeps its rule, with another bound.
            rules.replace(
                AccessRules(
                    owner: AccessFixture.owner,
                    rules: [AccessFixture.rule(["slow"], allow: [.token], scopes: ["a"])]))
            #expect(try await client.reply(to: "HEAD").status == 304)
            #expect(fixture.records.count == 2)
            try await client.send(Self.slow)
            await waiting(server)
            // A caller without any rule is disconnected.
            rules.replace(AccessRules(owner: AccessFixture.owner))
            #expect(try await client.untilClosed() == "")
            await waiting(server, 0)
        }
    }

    @Test("a URL that another account gets during the wait is answered with that account's token, or is unmapped")
    func movedURL() async throws {
        let slow = MappedAccount(account: try #require(AccountName("slow")), file: "/slow")
        let work = MappedAccount(account: try #require(AccountName("work")), file: "/work")
        try await ServerFixture.serving { server in
            func maps(_ account: MappedAccount?) {
                let prefix = account == nil ? "https://else.example/" : "https://h.example/"
                server.service.matches = [prefix: URLMatch(prefix: prefix, accounts: [account ?? slow])]
            }
            for (later, isEnded) in [(work, false), (work, true), (nil, false), (slow, false)]
                as [(MappedAccount?, Bool)]
            {
                maps(slow)
                let client = try server.client()
                let wait = isEnded ? "&wait=1" : ""
                try await client.send(.get("/v1/token?url=https://h.example/x&newer_than=1800000300\(wait)"))
                await waiting(server)
                maps(later)
                if !isEnded { server.service.sendNewerToken() }
                let reply = try await client.reply()
                #expect(reply.json?["account"] as? String == later?.account.description)
                if later == nil { #expect(reply.problem?.code == .noAccountForURL) }
            }
        }
    }

    @Test("a rate counts a wait once, and refuses the next one at once")
    func rate() async throws {
        let rule = AccessFixture.rule(["slow"], allow: [.token], perMinute: 1)
        try await ServerFixture.serving(access: AccessFixture().access(rule)) { server in
            let client = try server.client()
            try await client.send(.get("/v1/accounts/slow/token?newer_than=1800000300&wait=0"))
            #expect(try await client.reply(to: "HEAD").status == 304)
            try await client.send(Self.slow)
            #expect(try await client.reply().problem?.code == .tooManyRequests)
        }
    }
}
