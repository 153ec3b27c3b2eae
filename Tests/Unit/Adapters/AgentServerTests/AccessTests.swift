import AgentAPI
import AgentServer
import Policy
import Synchronization
import TestSupport
import Testing

/// The rules' decisions on every route.
struct AccessTests {
    /// Every route with the permissions that it requires.
    private static let routes: [(request: Request, needed: Set<Permission>)] = [
        (.get("/v1/accounts/work/token"), [.token]),
        (.get("/v1/accounts/work/token", "Accept: text/plain"), [.token]),
        (Request(method: "HEAD", target: "/v1/accounts/work/token"), [.token]),
        (.get("/v1/accounts/work/token?id_token=true"), [.token, .idToken]),
        (.get("/v1/accounts/work/token?id_token=true", "Accept: text/plain"), [.idToken]),
        (.get("/v1/accounts/work/token?acr=phr"), [.token, .elevated]),
        (.get("/v1/accounts/work/token?acr=phr", "Accept: text/plain"), [.token, .elevated]),
        (.post("/v1/accounts/work/token/rejected"), [.token]),
        (.post("/v1/accounts/work/token/rejected", #"{"acr":"phr"}"#), [.token, .elevated]),
        (.post("/v1/accounts/work/aws-credentials", #"{"account_id":"123456789012","role":"R"}"#), [.token]),
        (
            .post("/v1/accounts/work/aws-credentials", #"{"role_arn":"arn:aws:iam::123456789012:role/ci"}"#),
            [.token, .idToken]
        ),
        (.get("/v1/accounts/work"), [.status]),
        (.post("/v1/accounts/work/inspect", "{}"), [.status]),
        (.post("/v1/accounts/work/login", "{\"timeout\":9,\"qr_code\":true}"), [.login]),
        (Request(method: "DELETE", target: "/v1/accounts/work/login"), [.login]),
        (.post("/v1/accounts/work/logout"), [.logout]),
        (.post("/v1/inspect", "{\"token\":\"t\"}"), [.admin]),
        (.post("/v1/reload"), [.admin]),
        (.get("/v1/store"), [.admin]),
        (.post("/v1/store", "{\"operation\":\"init\"}"), [.admin]),
        (.post("/v1/lock"), [.admin]),
        (.post("/v1/unlock"), [.admin]),
        (.get("/v1/doctor"), [.admin]),
        (.get("/v1/security"), [.admin]),
        (.get("/v1/policy/check?pid=4711&account=work"), [.admin]),
        (.get("/v1/sinks"), [.admin]),
        (Request(method: "DELETE", target: "/v1/sinks?path=/run/sink"), [.admin]),
    ]

    @Test("a refused caller from another PID namespace is called not visible, and no hint names pid 0")
    func invisible() async throws {
        let fixture = AccessFixture()
        let caller = KnownCaller(Caller(pid: 0, user: 4242, group: 4242))
        let access = fixture.access(AccessFixture.rule(allow: [.status]), as: caller)
        try await ServerFixture.serving(access: access) { server in
            let problem = try #require(try await server.exchange(.get("/v1/accounts/work/token")).problem)
            #expect(problem.code == .forbidden)
            #expect(problem.hint?.contains("not visible from the agent's container") == true, "\(problem)")
            #expect(problem.hint?.contains("--as-pid") == false)
        }
    }

    @Test(
        "each route requires exactly its permission; a refusal looks nothing up and is recorded")
    func everyRoute() async throws {
        // None, all, each alone, and all but one.
        let all = Set(Permission.allCases)
        let grants = [[], all] + all.map { [$0] } + all.map { all.subtracting([$0]) }
        for allow in grants {
            let fixture = AccessFixture()
            // Without any permission, the caller could not connect: the second rule never matches, but may.
            let rules = [
                AccessFixture.rule(["*"], allow: allow),
                AccessFixture.rule(["*"], [.executable("/never")], allow: all),
            ]
            let access = fixture.access(CurrentRules(AccessRules(owner: AccessFixture.owner, rules: rules)))
            try await ServerFixture.serving(access: access) { server in
                for (request, needed) in Self.routes {
                    let (calls, records) = (server.service.calls.count, fixture.records.count)
                    let isAllowed = needed.isSubset(of: allow)
                    // A login's stream does not end by itself; its head is enough.
                    let reply = try await server.firstReply(request)
                    #expect(reply.status == (isAllowed ? 200 : 403), "\(request.target) \(allow)")
                    #expect(fixture.records.count == records + 1, "\(request.target)")
                    let record = try #require(fixture.records.last)
                    #expect(Set(record.permissions) == needed)
                    #expect(record.caller == AccessFixture.stranger)
                    #expect(record.account?.description == (request.target.contains("/work") ? "work" : nil))
                    #expect(
                        record.result == (isAllowed ? .allowed : .refused(.forbidden)), "\(request.target) \(allow)")
                    #expect(record.rule == 1)
                    guard !isAllowed else { continue }
                    let news = try #require(server.service.news.last)
                    #expect(news.kind == .denied)
                    #expect(news.account == record.account)
                    #expect(news.denial?.user == AccessFixture.stranger.user)
                    #expect(
                        Set(news.denial?.permission?.split(separator: " ").map(String.init) ?? [])
                            == Set(needed.map(\.rawValue)))
                    #expect(server.service.calls.count == calls, "\(request.target) \(allow)")
                    if request.method != "HEAD" { #expect(reply.problem?.code == .forbidden) }
                }
            }
        }
    }

    @Test("every connected caller gets health and providers; only the owner gets the stores' messages")
    func open() async throws {
        let fixture = AccessFixture()
        try await ServerFixture.serving(access: fixture.access(AccessFixture.rule(allow: [.token]))) { server in
            server.service.storeDetail = "the key file /home/owner/key is gone"
            let health = try await server.exchange(.get("/v1/health"))
            #expect(health.status == 200)
            #expect(health.json?["store_state"] as? String == "ok")
            #expect(!health.body.contains("/home/owner"))
            #expect(try await server.exchange(.get("/v1/providers")).status == 200)
            #expect(fixture.records.isEmpty)
        }
        let own = AccessFixture()
        let caller = KnownCaller(Caller(pid: 1, user: AccessFixture.owner, group: 1))
        try await ServerFixture.serving(access: own.access(as: caller)) { server in
            server.service.storeDetail = "the key file /home/owner/key is gone"
            let health = try await server.exchange(.get("/v1/health"))
            #expect(health.body.contains("/home/owner"))
        }
    }

    @Test("a list has only the accounts that a rule allows")
    func list() async throws {
        let fixture = AccessFixture()
        let rules = [AccessFixture.rule(["work"], allow: [.status]), AccessFixture.rule(["*"], allow: [.token])]
        let access = fixture.access(CurrentRules(AccessRules(owner: AccessFixture.owner, rules: rules)))
        try await ServerFixture.serving(access: access) { server in
            let reply = try await server.exchange(.get("/v1/accounts"))
            let report = try APIJSON.decode(StatusReport.self, from: reply.body.utf8)
            #expect(report.accounts.map(\.account.description) == ["work"])
            #expect(report.accounts.allSatisfy { $0.lastError == nil && $0.hint == nil })
            #expect(!reply.body.contains("other"))
            #expect(fixture.records.map(\.result) == [.allowed])
        }
        try await ServerFixture.serving(access: fixture.access(AccessFixture.rule(["*"], allow: [.token]))) { server in
            let reply = try await server.exchange(.get("/v1/accounts"))
            #expect(reply.status == 200)
            #expect(try APIJSON.decode(StatusReport.self, from: reply.body.utf8).accounts.isEmpty)
        }
    }

    @Test("over a rule's rate, the answer is 429 with the seconds to wait, and nothing is looked up")
    func rate() async throws {
        let fixture = AccessFixture()
        let access = fixture.access(AccessFixture.rule(allow: [.token, .status], perMinute: 2))
        try await ServerFixture.serving(access: access) { server in
            for _ in 0..<2 { #expect(try await server.exchange(.get("/v1/accounts/work/token")).status == 200) }
            for target in ["/v1/accounts/work/token", "/v1/accounts/work", "/v1/accounts"] {
                let reply = try await server.exchange(.get(target))
                #expect(reply.status == 429)
                let seconds = try #require(reply["retry-after"].flatMap { Int($0) })
                #expect((1...30).contains(seconds))
                #expect(reply.problem?.code == .tooManyRequests)
                #expect(reply.problem?.hint == "try again in \(seconds) s")
            }
            #expect(server.service.calls.count == 2)
            #expect(fixture.records.suffix(3).allSatisfy { $0.result == .refused(.tooManyRequests) && $0.rule == 1 })
        }
    }

    @Test("scopes beyond a bound are refused and named; for other requests the agent gets the bound")
    func bound() async throws {
        let fixture = AccessFixture()
        let rule = AccessFixture.rule(allow: [.token, .idToken, .login], scopes: ["repo:read", "user"])
        try await ServerFixture.serving(access: fixture.access(rule)) { server in
            let work = try #require(AccountName("work"))
            let bound = TokenBound(scopes: ScopeBound(["repo:read", "user"]))
            for target in [
                "/v1/accounts/work/token?scope=repo:write%20user", "/v1/accounts/ghost/token?scope=repo:write",
            ] {
                let reply = try await server.exchange(.get(target))
                #expect(reply.status == 403)
                #expect(reply.problem?.detail.contains("'repo:write'") == true, "\(reply.body)")
                #expect(reply.problem?.reason == "scope_not_allowed")
            }
            let login = try await server.exchange(.post("/v1/accounts/work/login", "{\"scopes\":[\"admin\"]}"))
            #expect(login.problem?.detail.contains("'admin'") == true)
            #expect(server.service.calls.isEmpty)
            #expect(try await server.exchange(.get("/v1/accounts/work/token")).status == 200)
            #expect(try await server.exchange(.get("/v1/accounts/slow-1/token?scope=user")).status == 200)
            let target = try TokenTarget(scopes: ["user"])
            // Refusals of the provider count to the caller.
            let limits = CallerLimits(bound: bound, user: AccessFixture.stranger.user)
            #expect(
                server.service.calls == [
                    .token(work, TokenRequest(), limits),
                    .token(try #require(AccountName("slow-1")), TokenRequest(target: target), limits),
                ])
            #expect(fixture.records.last?.scopes == ["user"])
            #expect(fixture.records.dropLast().last?.scopes == ["repo:read", "user"])
        }
    }

    @Test("a bare ID token has no scope bound, but its target must be within the bound")
    func bareIDToken() async throws {
        let fixture = AccessFixture()
        let rule = AccessFixture.rule(allow: [.idToken], scopes: ["user"])
        try await ServerFixture.serving(access: fixture.access(rule)) { server in
            let work = try #require(AccountName("work"))
            var request = Request.get("/v1/accounts/work/token?id_token=true&resource=urn:x")
            request.fields.append("Accept: text/plain")
            #expect(try await server.exchange(request).status == 200)
            let asked = TokenRequest(includesIDToken: true, target: try TokenTarget(resources: ["urn:x"]))
            let limits = CallerLimits(
                bound: TokenBound(authorizationTypes: nil), user: AccessFixture.stranger.user)
            #expect(server.service.calls == [.token(work, asked, limits)])
            request.target = "/v1/accounts/work/token?id_token=true&scope=admin"
            #expect(try await server.exchange(request).status == 403)
        }
    }

    @Test("with only 'login' a caller cannot change the account's settings or scopes")
    func loginSettings() async throws {
        let fixture = AccessFixture()
        try await ServerFixture.serving(access: fixture.access(AccessFixture.rule(allow: [.login]))) { server in
            for body in [
                "{\"token_endpoint\":\"https://evil.example/\"}", "{\"issuer\":\"https://evil.example\"}",
                "{\"client_key_file\":\"/home/owner/key\"}", "{\"store\":\"memory\"}", "{\"registration_token\":\"x\"}",
                "{\"audience\":\"x\"}", "{\"client_secret\":\"x\"}", "{\"scopes\":[\"a\"]}", "{\"scopes\":[]}",
            ] {
                let reply = try await server.exchange(.post("/v1/accounts/work/login", body))
                #expect(reply.status == 403, "\(body)")
                #expect(reply.problem?.reason == "settings_not_allowed")
            }
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("each setting of a login is refused from a caller other than the owner; its timeout and QR code are taken")
    func eachLoginSetting() async throws {
        let fixture = AccessFixture()
        try await ServerFixture.serving(access: fixture.access(AccessFixture.rule(allow: [.login]))) { server in
            for member in LoginSettings.CodingKeys.allCases {
                let bodies = [#""x""#, "true", #"["x"]"#, #"{"x":"y"}"#].map { "{\"\(member.rawValue)\":\($0)}" }
                let body = try #require(
                    bodies.first { (try? APIJSON.decode(LoginRequest.self, from: $0.utf8)) != nil })
                let reply = try await server.exchange(.post("/v1/accounts/work/login", body))
                #expect(reply.status == 403 && reply.problem?.reason == "settings_not_allowed", "\(body)")
            }
            for body in [
                #"{"acr_values":["x"]}"#, #"{"max_age":0}"#, #"{"elevate":true}"#, #"{"claims":"{}"}"#,
                #"{"registration_token":"x"}"#,
            ] {
                let reply = try await server.exchange(.post("/v1/accounts/work/login", body))
                #expect(reply.status == 403 && reply.problem?.reason == "settings_not_allowed", "\(body)")
            }
            #expect(server.service.calls.isEmpty)
            let allowed = Request.post("/v1/accounts/work/login", #"{"timeout":7,"qr_code":true}"#)
            #expect(try await server.firstReply(allowed).status == 200)
            let work = try #require(AccountName("work"))
            let limits = CallerLimits(user: AccessFixture.stranger.user)
            #expect(server.service.calls == [.login(work, LoginRequest(timeout: 7, qrCode: true), limits)])
        }
    }

    @Test("with only 'logout' a caller revokes the login and cannot forget the client; the owner can do both")
    func logoutOptions() async throws {
        let rule = AccessFixture.rule(["*"], [.everyUser], allow: [.logout])
        let bodies = ["{\"local\":true}", "{\"forget_client\":true}", "{\"local\":true,\"forget_client\":true}"]
        try await ServerFixture.serving(access: AccessFixture().access(rule)) { server in
            for body in bodies {
                let reply = try await server.exchange(.post("/v1/accounts/work/logout", body))
                #expect(reply.status == 403, "\(body)")
                #expect(reply.problem?.reason == "settings_not_allowed")
            }
            #expect(server.service.calls.isEmpty)
            let plain = "{\"local\":false,\"forget_client\":false}"
            #expect(try await server.exchange(.post("/v1/accounts/work/logout", plain)).status == 200)
        }
        for user in [AccessFixture.owner, 0] {
            let access = AccessFixture().access(rule, as: KnownCaller(Caller(pid: 1, user: user, group: 1)))
            try await ServerFixture.serving(access: access) { server in
                for body in bodies {
                    let reply = try await server.exchange(.post("/v1/accounts/work/logout", body))
                    #expect(reply.status == 200)
                }
            }
        }
    }

    @Test("another user's 'admin' adds a sink only with the account's unlimited token, without a program")
    func foreignSinks() async throws {
        let work = try #require(AccountName("work"))
        let (plain, program) = (#"{"account":"work"}"#, #"{"account":"work","on_change":["/bin/true"]}"#)
        let identity = #"{"account":"work","what":"id_token"}"#
        let all: Set<Permission> = [.admin, .token]
        for (allow, scopes, body, status) in [
            ([.token], nil, plain, 403), ([.admin], nil, plain, 403), (all, nil, program, 403),
            (all, nil, identity, 403),
            (all, ["repo:read"], plain, 403), (all, nil, plain, 200),
        ] as [(Set<Permission>, [String]?, String, Int)] {
            let fixture = AccessFixture()
            let access = fixture.access(AccessFixture.rule(allow: allow, scopes: scopes))
            try await ServerFixture.serving(access: access) { server in
                let reply = try await server.exchange(.post("/v1/sinks", body))
                #expect(reply.status == status, "\(body) \(reply)")
                #expect(server.service.calls.isEmpty == (status != 200))
            }
            let last = try #require(fixture.records.last)
            // Without 'admin' the body is not looked at.
            #expect(last.account == (allow.contains(.admin) ? work : nil))
            #expect((last.result == .allowed) == (status == 200))
        }
        let own = KnownCaller(Caller(pid: 1, user: AccessFixture.owner, group: 1))
        let fixture = AccessFixture()
        try await ServerFixture.serving(access: fixture.access(as: own)) { server in
            let reply = try await server.exchange(.post("/v1/sinks", program))
            #expect(reply.status == 200)
        }
        #expect(fixture.records.map(\.account) == [work] && fixture.records.first?.permissions == [.admin])
    }

    @Test("only a digest takes waiting, and no fact is collected that no rule needs")
    func facts() async throws {
        let digest = String(repeating: "a", count: 64)
        let full = Caller(
            pid: 77, user: 4242, group: 1, supplementaryGroups: [50], executable: "/x", executableDigest: digest,
            unit: "a.service"
        )
        let named: CallerFacts = [.executableClaim, .executable]
        let looks: [CallerFacts] = [[], .executableClaim, named, named.union(.executableDigest)]
        let table: [(AccessRule, [CallerFacts])] = [
            (AccessFixture.rule(allow: [.token]), [[]]),
            // The claimed path differs from the rule's: no file is read.
            (
                AccessFixture.rule(["*"], [.executable("/y"), .executableDigest(digest)], allow: [.token]),
                [.executableClaim, [], [], .executableClaim]
            ),
            // The lane looks first, and then HTTP's path.
            (AccessFixture.rule(["*"], [.unit(Glob("a.service"))], allow: [.token]), [[], [], .unit]),
            (
                AccessFixture.rule(["*"], [.executable("/x"), .executableDigest(digest)], allow: [.token]),
                // The first call notes the program that connects; the last checks that it is the same.
                [.executableClaim, []] + looks.dropLast() + looks + [.executableClaim]
            ),
        ]
        for (rule, asked) in table {
            let (fixture, caller) = (AccessFixture(), SlowCaller(full))
            try await ServerFixture.serving(access: fixture.access(rule, as: caller)) { server in
                let before = caller.askedFor.count
                let client = try server.client()
                try await client.send(Request.get("/v1/accounts/work/token").text)
                let isOther = rule.conditions.first == .executable("/y")
                #expect(try await client.reply().status == (isOther ? 403 : 200), "\(rule)")
                #expect(Array(caller.askedFor.dropFirst(before)) == asked, "\(rule)")
                #expect(fixture.records.count == 1)
            }
        }
    }

    @Test("a caller that has exited is refused on its open connection, on every route")
    func lost() async throws {
        let (fixture, caller) = (AccessFixture(), SlowCaller(AccessFixture.stranger))
        let access = fixture.access(AccessFixture.rule(allow: Set(Permission.allCases)), as: caller)
        try await ServerFixture.serving(access: access) { server in
            let client = try server.client()
            try await client.send(Request.get("/v1/accounts/work/token").text)
            #expect(try await client.reply().status == 200)
            caller.isLost.withLock { $0 = true }
            let calls = server.service.calls
            for target in ["/v1/accounts/work/token", "/v1/accounts", "/v1/health", "/v1/doctor"] {
                try await client.send(Request.get(target).text)
                let reply = try await client.reply()
                #expect(reply.status == 403, "\(target)")
                #expect(reply.problem?.reason == "caller_lost")
            }
            #expect(server.service.calls == calls)
            #expect(fixture.records.suffix(3).allSatisfy { $0.result == .refused(.forbidden) })
        }
    }
}

extension ServerFixture {
    /// Returns a reply, or only its head if it is a stream that does not end.
    fileprivate func firstReply(_ request: Request) async throws -> HTTPReply {
        let client = try client()
        try await client.send(request.text)
        return try await client.reply(to: request.method, headOfStream: true)
    }
}
