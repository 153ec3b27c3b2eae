import AgentAPI
import AgentServer
import Formats
import Metrics
import Policy
import TestSupport
import Testing

/// Accounts, events and texts that a caller must not learn of.
struct VisibilityTests {
    private static let requests: [@Sendable (String) -> Request] = [
        { .get("/v1/accounts/\($0)/token") }, { .get("/v1/accounts/\($0)/token?scope=a&id_token=true") },
        { Request(method: "HEAD", target: "/v1/accounts/\($0)/token") }, { .get("/v1/accounts/\($0)") },
        { .post("/v1/accounts/\($0)/inspect", "{}") }, { .post("/v1/accounts/\($0)/login", "{}") },
        { Request(method: "DELETE", target: "/v1/accounts/\($0)/login") }, { .post("/v1/accounts/\($0)/logout") },
    ]

    @Test("a name that no rule allows is forbidden with the same text, whether or not it exists")
    func sameReply() async throws {
        let fixture = AccessFixture()
        // The caller has one permission, so that it may connect.
        let access = fixture.access(AccessFixture.rule(["mine"], allow: Set(Permission.allCases)))
        try await ServerFixture.serving(access: access) { server in
            for request in Self.requests {
                // `work` answers at once, `gone` has no login, `ghos` does not exist.
                var replies: [String] = []
                for name in ["work", "gone", "ghos"] {
                    let client = try server.client()
                    let request = request(name)
                    try await client.send(request)
                    let reply = try await client.reply(to: request.method)
                    #expect(reply.status == 403, "\(request.target)")
                    let fields = reply.fields.filter { $0.name.lowercased() != "date" }.map {
                        "\($0.name): \($0.value)"
                    }
                    let text = ([reply.body] + fields).joined(separator: "\n")
                    replies.append(text.replacing("'\(name)'", with: "'NAME'").replacing(" \(name)'", with: " NAME'"))
                }
                #expect(replies[0] == replies[2], "\(request("x").target)")
                // Apart from the name's length.
                #expect(replies[1] == replies[2], "\(request("x").target)")
            }
            #expect(server.service.calls.isEmpty)
            #expect(server.service.lookups == 0)
        }
    }

    @Test("an allowed name without an account is unknown")
    func given() async throws {
        let fixture = AccessFixture()
        try await ServerFixture.serving(access: fixture.access(AccessFixture.rule(["g*"], allow: [.token]))) { server in
            let unknown = try await server.exchange(.get("/v1/accounts/ghost/token"))
            #expect(unknown.problem?.code == .unknownAccount)
            #expect(fixture.records.last?.result == .failed(.unknownAccount))
            #expect(try await server.exchange(.get("/v1/accounts/work/token")).problem?.code == .forbidden)
        }
    }

    @Test(
        "only the owner gets the texts of files, stores and providers; others get generic ones")
    func problems() async throws {
        let secret = "/home/owner/.config/authagent/accounts/work.toml:3"
        let codes: [Problem.Code] = [
            .badIDToken, .configurationError, .internalError, .noIDToken, .providerChanged, .providerRejected,
            .providerUnreachable, .scopeNotGranted, .storeLocked, .storeUnavailable,
        ]
        for code in codes {
            let problem = Problem(code, "\(secret): no", hint: "run 'chmod 600 \(secret)'", reason: "refused")
            let fixture = AccessFixture()
            try await ServerFixture.serving(access: fixture.access(AccessFixture.rule(allow: [.token]))) { server in
                server.service.failing = problem
                let reply = try await server.exchange(.get("/v1/accounts/fails/token"))
                #expect(reply.problem?.code == code)
                #expect(!reply.body.contains("/home/owner"), "\(reply.body)")
                #expect(reply.problem?.reason == "refused")
                #expect(fixture.records.last?.result == .failed(code))
            }
            let own = KnownCaller(Caller(pid: 1, user: AccessFixture.owner, group: 1))
            try await ServerFixture.serving(access: AccessFixture().access(as: own)) { server in
                server.service.failing = problem
                let reply = try await server.exchange(.get("/v1/accounts/fails/token"))
                #expect(reply.problem == problem)
            }
        }
    }

    @Test("login events to another user have no texts of files, stores and providers")
    func loginEvents() async throws {
        let fixture = AccessFixture()
        try await ServerFixture.serving(access: fixture.access(AccessFixture.rule(allow: [.login]))) { server in
            let client = try server.client()
            try await client.send(.post("/v1/accounts/work/login"))
            #expect(try await client.streamHead().status == 200)
            server.service.send(.retrying(detail: "cannot connect to proxy.owner.example"))
            let retrying = try #require(try await client.nextChunk())
            #expect(retrying.contains("\"retrying\"") && !retrying.contains("proxy.owner"))
            server.service.send(
                .failed(LoginFailure(code: "store_unavailable", detail: "/home/owner/x", hint: "rm /home/owner/x")))
            let failed = try #require(try await client.nextChunk())
            #expect(failed.contains("store_unavailable") && !failed.contains("/home/owner"))
            #expect(try await client.nextChunk() == nil)
        }
    }

    @Test("a watcher's disconnect does not end the login")
    func leaving() async throws {
        let fixture = AccessFixture()
        try await ServerFixture.serving(access: fixture.access(AccessFixture.rule(allow: [.login]))) { server in
            let client = try server.client()
            try await client.send(.post("/v1/accounts/work/login"))
            #expect(try await client.streamHead().status == 200)
            client.close()
            await eventually("the watcher is gone") { server.service.watchersThatLeft == 1 }
        }
    }

    @Test("metrics are of the allowed accounts; those of the agent need permission for the whole agent")
    func metrics() async throws {
        let other = AccessFixture.rule(["secret"], allow: [.token])
        let owner = Caller(pid: 1, user: AccessFixture.owner, group: 1)
        let table: [(rules: [AccessRule], caller: Caller, accounts: [String], seesAgent: Bool)] = [
            ([other, AccessFixture.rule(allow: [.status])], AccessFixture.stranger, ["mine", "work"], true),
            (
                [AccessFixture.rule(["mine", "*o*"], allow: [.status])], AccessFixture.stranger, ["mine", "work"], false
            ),
            ([AccessFixture.rule(allow: [.token, .admin])], AccessFixture.stranger, [], false),
            ([other], owner, ["mine", "secret", "work"], true),
        ]
        for (rules, caller, accounts, seesAgent) in table {
            let fixture = AccessFixture()
            let access = fixture.access(
                CurrentRules(AccessRules(owner: AccessFixture.owner, rules: rules)), as: KnownCaller(caller))
            try await ServerFixture.serving(access: access, metrics: [SomeAccounts()]) { server in
                let reply = try await server.exchange(.get("/metrics"))
                #expect(reply.status == 200)
                let page = MetricsPage(reply.body)
                #expect(page.series("account_figure") == accounts.map { "account_figure{account=\"\($0)\"}" })
                #expect(page.series("agent_figure").isEmpty != seesAgent)
                #expect(page.series("authagent_connections_open").isEmpty != seesAgent)
                #expect(reply.body.contains("secret") == accounts.contains("secret"))
                #expect(fixture.records.map(\.result) == [.allowed])
            }
        }
    }

    private struct SomeAccounts: MetricSource {
        func write(into page: inout MetricsText) { page.add("agent_figure", .gauge, "Of the agent.", 1) }

        func writeAccounts(where isVisible: (AccountName) -> Bool, into page: inout MetricsText) {
            let names = ["mine", "secret", "work"].compactMap { AccountName($0) }
            page.add(
                "account_figure", .gauge, "Of each account.",
                names.filter(isVisible).map { .init(1, [("account", $0.description)]) })
        }
    }

    @Test("events are of the allowed accounts, without texts of files, stores and providers")
    func events() async throws {
        let mine = try #require(AccountName("mine"))
        let problem = Problem(.storeUnavailable, "/home/owner/x is gone", hint: "rm /home/owner/x")
        let news: [AgentNews] = [
            .refreshed(try #require(AccountName("work")), scope: "secret-scope", expiresAt: 1),
            AgentNews(.refreshFailed, account: mine, problem), .storeState("sealed", .failed, detail: "x", hint: nil),
            .denied(AgentNews.Denial(user: 5, pid: 6), account: mine, detail: "no"), AgentNews(.locked),
            .missed(.tooOld), .loggedOut(mine, revoked: true),
        ]
        let all = Set(Permission.allCases)
        let table: [(rule: AccessRule, caller: Caller, seen: [AgentNews.Kind])] = [
            (
                AccessFixture.rule(["mine"], allow: all.subtracting([.admin])), AccessFixture.stranger,
                [.refreshFailed, .missed, .loggedOut]
            ),
            (
                AccessFixture.rule(["*"], allow: [.status]), AccessFixture.stranger,
                [.refreshed, .refreshFailed, .storeState, .locked, .missed, .loggedOut]
            ),
            (AccessFixture.rule(["*"], allow: all), AccessFixture.stranger, news.map(\.kind)),
            (
                AccessFixture.rule(["*"], allow: []), Caller(pid: 1, user: AccessFixture.owner, group: 1),
                news.map(\.kind)
            ),
        ]
        for (rule, caller, seen) in table {
            let access = AccessFixture().access(rule, as: KnownCaller(caller))
            try await ServerFixture.serving(access: access) { server in
                let client = try server.client()
                try await client.send(.get("/v1/events"))
                #expect(try await client.streamHead().status == 200)
                _ = try await client.nextChunk()
                let watcher = try #require(server.service.eventWatchers.first)
                for (index, one) in news.enumerated() {
                    watcher.yield(AgentEvent(id: EventID(origin: "a1", count: UInt64(index + 8)), time: 1, news: one))
                }
                for kind in seen {
                    let event = try #require(try await client.nextChunk())
                    #expect(event.contains("event: \(kind.rawValue)\n"), "\(event)")
                    #expect(
                        event.contains("/home/owner") == (caller.user == AccessFixture.owner && kind == .refreshFailed))
                }
            }
        }
    }
}
