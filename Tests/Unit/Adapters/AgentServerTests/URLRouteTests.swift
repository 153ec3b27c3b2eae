import AgentAPI
import AgentServer
import Policy
import Synchronization
import TestSupport
import Testing

/// `GET /v1/token` and `GET /v1/url`: the account that has a URL.
struct URLRouteTests {
    private static let owner = KnownCaller(Caller(pid: 1, user: AccessFixture.owner, group: 1))

    private static func mapped(
        _ name: String, git: String? = nil, registry: String? = nil
    ) throws -> MappedAccount {
        MappedAccount(
            account: try #require(AccountName(name)), gitUsername: git, registryUsername: registry, file: "/etc/\(name)"
        )
    }

    private static func target(_ route: String, _ url: String, _ more: String = "") -> String {
        "/v1/\(route)?url=\(TokenRequest.encoded(url))\(more)"
    }

    @Test("the token is that of the account, with the account's user names")
    func token() async throws {
        try await ServerFixture.serving { server in
            server.service.matches = [
                "https://h.example/": URLMatch(
                    prefix: "https://h.example/", accounts: [try Self.mapped("work", git: "oauth2", registry: "t")])
            ]
            let reply = try await server.exchange(.get(Self.target("token", "https://H.example:443/x?y=z#w")))
            #expect(reply.status == 200)
            let token = try APIJSON.decode(TokenReply.self, from: reply.body.utf8)
            #expect(token.account.description == "work" && token.accessToken == "at-secret")
            #expect(token.gitUsername == "oauth2" && token.registryUsername == "t")
            let text = try await server.exchange(.get(Self.target("token", "https://h.example"), "Accept: text/plain"))
            #expect(text.body == "at-secret\n")
            let head = try await server.exchange(
                Request(method: "HEAD", target: Self.target("token", "https://h.example")))
            #expect(head.status == 200 && head.body.isEmpty)
            let byName = try await server.exchange(.get("/v1/accounts/work/token"))
            #expect(byName.json?["git_username"] == nil)
        }
    }

    @Test("the parameters of the account's token have the same meaning")
    func parameters() async throws {
        try await ServerFixture.serving { server in
            let more = "&min_valid=7&id_token=true&scope=a%20b&resource=urn:a&resource=urn:b&audience=x&wait=3"
            for account in ["work", "other"] {
                let target = Self.target("token", "https://\(account).example/", more)
                #expect(try await server.exchange(.get(target)).status == 200)
            }
            let request = TokenRequest(
                minimumValidity: 7, includesIDToken: true,
                target: try TokenTarget(scopes: ["a", "b"], resources: ["urn:a", "urn:b"], audience: "x"), wait: 3)
            let names = ["work", "other"].compactMap { AccountName($0) }
            #expect(server.service.calls == names.map { .token($0, request) })
        }
    }

    @Test(
        "a bad url is refused before anything is looked up",
        arguments: [
            "", "git.example.com", "ftp://h.example/", "http://h.example/", "https://h.example/../x",
            "https://h.example/%2e%2e/x", "https://h.example/a%2Fb", "https://me:secret@h.example/",
            "https://h.example./",
            "https://h.example/\u{0}", "https://h.example/a\\b", "https://[::1/", "https://h.example/" + longPath,
        ])
    func badURL(url: String) async throws {
        try await ServerFixture.serving { server in
            for route in ["token", "url"] {
                let reply = try await server.exchange(.get(Self.target(route, url)))
                #expect(reply.problem?.code == .badRequest, "\(reply.body)")
                #expect(reply.problem?.detail.hasPrefix("the url is not usable: ") == true)
                #expect(!reply.body.contains("secret"))
            }
            #expect(server.service.matchCount == 0)
            #expect(try await server.exchange(.get(Self.target("url", "https://work.example"))).status == 200)
            #expect(server.service.matchCount == 1)
        }
    }

    private static let longPath = String(repeating: "a/", count: 1100)

    @Test("url is required, and neither it nor username may be repeated")
    func query() async throws {
        try await ServerFixture.serving { server in
            for route in ["/v1/token", "/v1/url"] {
                for query in ["", "?username=a", "?url=https://work.example&url=https://work.example"] {
                    let reply = try await server.exchange(.get(route + query))
                    #expect(reply.problem?.code == .badRequest, "\(route)\(query)")
                }
                let twice = "?url=https://work.example&username=a&username=a"
                #expect(try await server.exchange(.get(route + twice)).problem?.code == .badRequest)
            }
            let huge = try await server.exchange(.get(Self.target("token", String(repeating: "x", count: 100_000))))
            #expect(huge.status == 431)
        }
    }

    @Test("a URL that a rule does not give, and one without an account, have the same reply, byte for byte")
    func hidden() async throws {
        let fixture = AccessFixture()
        let access = fixture.access(AccessFixture.rule(["mine"], allow: Set(Permission.allCases)))
        try await ServerFixture.serving(access: access) { server in
            for route in ["token", "url"] {
                for more in ["", "&username=x"] + (route == "token" ? ["&id_token=true&scope=a", "&wait=0"] : []) {
                    var replies: [String] = []
                    // `work` and `gone` are accounts, and `else` is none.
                    for host in ["work.example", "gone.example", "else.invalid"] {
                        let reply = try await server.exchange(.get(Self.target(route, "https://\(host)/a", more)))
                        #expect(reply.status == 404)
                        #expect(reply.problem?.code == .noAccountForURL)
                        let fields = reply.fields.filter { !["date", "content-length"].contains($0.name.lowercased()) }
                        replies.append(
                            "\(fields)\(reply.body)".replacing(host, with: "HOST"))
                    }
                    #expect(Set(replies).count == 1, "\(replies)")
                }
            }
            #expect(server.service.calls.isEmpty && server.service.lookups == 0)
        }
        let refused = fixture.records.filter { $0.account?.description == "work" }
        #expect(refused.count == 6 && refused.allSatisfy { $0.result == .refused(.forbidden) })
        let unmapped = fixture.records.filter { $0.account == nil }
        #expect(unmapped.count == 6 && unmapped.allSatisfy { $0.result == .failed(.noAccountForURL) })
    }

    @Test("the facts about a caller are collected alike for a URL that it may not use and for one without an account")
    func sameFacts() async throws {
        let program = AccessRule.Condition.executableDigest("0f")
        var asked: [[CallerFacts]] = []
        for host in ["work.example", "else.invalid"] {
            let caller = SlowCaller(Caller(pid: 7, user: 4242, group: 7, executable: "/x", executableDigest: "00"))
            let rules = [
                AccessFixture.rule(["work"], [program], allow: [.token]), AccessFixture.rule(["mine"], allow: [.token]),
            ]
            let access = AccessFixture().access(
                CurrentRules(AccessRules(owner: AccessFixture.owner, rules: rules)), as: caller)
            try await ServerFixture.serving(access: access) { server in
                let reply = try await server.exchange(.get(Self.target("token", "https://\(host)/")))
                #expect(reply.problem?.code == .noAccountForURL)
            }
            asked.append(caller.askedFor)
        }
        #expect(asked[0] == asked[1])
        #expect(asked[0].contains { $0.contains(.executableDigest) })
    }

    @Test("a forbidden longer prefix does not fall back to a shorter one")
    func noFallback() async throws {
        let access = AccessFixture().access(AccessFixture.rule(["work"], allow: [.token]))
        try await ServerFixture.serving(access: access) { server in
            server.service.matches = [
                "https://h.example/": URLMatch(prefix: "https://h.example/", accounts: [try Self.mapped("work")]),
                "https://h.example/a/": URLMatch(prefix: "https://h.example/a/", accounts: [try Self.mapped("secret")]),
            ]
            #expect(try await server.exchange(.get(Self.target("token", "https://h.example/b"))).status == 200)
            let refused = try await server.exchange(.get(Self.target("token", "https://h.example/a/b")))
            #expect(refused.problem?.code == .noAccountForURL)
        }
    }

    @Test("a rule that gives other permissions does not give the account; bounds and rates apply as usual")
    func rules() async throws {
        let only = AccessFixture.rule(["work"], allow: [.status, .login, .logout])
        try await ServerFixture.serving(access: AccessFixture().access(only)) { server in
            let reply = try await server.exchange(.get(Self.target("token", "https://work.example/")))
            #expect(reply.problem?.code == .noAccountForURL)
        }
        let bounded = AccessFixture.rule(["work"], allow: [.token], scopes: ["a"], perMinute: 2)
        let fixture = AccessFixture()
        try await ServerFixture.serving(access: fixture.access(bounded)) { server in
            let url = Self.target("token", "https://work.example/")
            #expect(try await server.exchange(.get(url)).status == 200)
            let beyond = try await server.exchange(.get(url + "&scope=b"))
            #expect(beyond.problem?.code == .forbidden && beyond.problem?.reason == "scope_not_allowed")
            let identity = try await server.exchange(.get(url + "&id_token=true"))
            #expect(identity.problem?.code == .forbidden)
            #expect(try await server.exchange(.get(url)).status == 200)
            #expect(try await server.exchange(.get(url)).problem?.code == .tooManyRequests)
            // A refusal of another account costs nothing.
            #expect(try await server.exchange(.get(Self.target("token", "https://gone.example/"))).status == 404)
        }
        #expect(fixture.records.count { $0.result == .allowed } == 2)
        #expect(fixture.records.count == 6, "one record for each request")
    }

    @Test("a bare ID token needs the permission for it alone")
    func identity() async throws {
        let access = AccessFixture().access(AccessFixture.rule(["work"], allow: [.idToken]))
        try await ServerFixture.serving(access: access) { server in
            let url = Self.target("token", "https://work.example/")
            let text = try await server.exchange(.get(url + "&id_token=true", "Accept: text/plain"))
            #expect(text.status == 200)
            #expect(try await server.exchange(.get(url)).problem?.code == .noAccountForURL)
        }
    }

    @Test("accounts that share a prefix are named to a caller that may use them, and the user name selects one")
    func ambiguous() async throws {
        let both = URLMatch(
            prefix: "https://h.example/",
            accounts: [try Self.mapped("mine", git: "one"), try Self.mapped("work", git: "two")])
        for (allowed, expected) in [(["*"], nil), (["work"], "work"), (["mine"], "mine")] as [([String], String?)] {
            let access = AccessFixture().access(AccessFixture.rule(allowed, allow: [.token]))
            try await ServerFixture.serving(access: access) { server in
                server.service.matches = ["https://h.example/": both]
                for route in ["token", "url"] {
                    let url = Self.target(route, "https://h.example/x")
                    let reply = try await server.exchange(.get(url))
                    if let expected {
                        #expect(reply.status == 200 && reply.json?["account"] as? String == expected)
                    } else {
                        #expect(reply.status == 409 && reply.problem?.code == .ambiguousAccount)
                        for word in ["'mine'", "'work'", "'one'", "'two'"] { #expect(reply.body.contains(word)) }
                    }
                    let named = try await server.exchange(.get(url + "&username=two"))
                    #expect(named.json?["account"] as? String == (expected == "mine" ? nil : "work"))
                    if expected == "mine" { #expect(named.problem?.code == .noAccountForURL) }
                    let other = try await server.exchange(.get(url + "&username=three"))
                    #expect(other.problem?.code == .noAccountForURL && !other.body.contains("'work'"))
                }
            }
        }
    }

    @Test("the owner learns the file and the reason; other users learn no file")
    func explained() async throws {
        let rule = AccessFixture.rule(["*"], allow: [.token])
        for (caller, isOwn) in [(Self.owner, true), (KnownCaller(AccessFixture.stranger), false)] {
            let access = AccessFixture().access(
                CurrentRules(AccessRules(owner: AccessFixture.owner, rules: isOwn ? [] : [rule])), as: caller)
            try await ServerFixture.serving(access: access) { server in
                server.service.matches = [
                    "https://h.example/": URLMatch(
                        prefix: "https://h.example/", accounts: [try Self.mapped("work", git: "me")]),
                    "https://s.example/": URLMatch(
                        prefix: "https://s.example/",
                        accounts: [try Self.mapped("mine", git: "me"), try Self.mapped("work", git: "you")]),
                    "https://c.example/": URLMatch(
                        prefix: "https://c.example/", accounts: [try Self.mapped("mine"), try Self.mapped("work")],
                        conflict: .init(detail: "/etc/mine contradicts /etc/work", hint: "decide")),
                ]
                let reply = try await server.exchange(.get(Self.target("url", "https://h.example/x")))
                let found = try APIJSON.decode(URLReply.self, from: reply.body.utf8)
                #expect(found.account.description == "work" && found.url == "https://h.example/")
                #expect(found.file == (isOwn ? "/etc/work" : nil) && found.gitUsername == "me")
                #expect(found.reason.contains("longest prefix"))
                for route in ["token", "url"] {
                    let conflict = try await server.exchange(.get(Self.target(route, "https://c.example/x")))
                    #expect(conflict.problem?.code == .noAccountForURL)
                    #expect(conflict.body.contains("/etc/mine") == isOwn)
                    let name = try await server.exchange(.get(Self.target(route, "https://s.example/", "&username=x")))
                    #expect(name.problem?.code == .noAccountForURL)
                    #expect(name.body.contains("'me'") == isOwn)
                }
                let none = try await server.exchange(.get(Self.target("url", "https://else.invalid/x")))
                #expect(none.problem?.hint?.contains(isOwn ? "authagent reload" : "ask the owner") == true)
            }
        }
    }

    @Test("the owner's program that a rule excludes gets the reply of a URL without an account")
    func excludedProgram() async throws {
        let rule = AccessFixture.rule(["work"], [.user(AccessFixture.owner, name: nil)], allow: [])
        try await ServerFixture.serving(access: AccessFixture().access(rule, as: Self.owner)) { server in
            var replies: [String] = []
            for host in ["work.example", "work.invalid"] {
                let reply = try await server.exchange(.get(Self.target("url", "https://\(host)/")))
                replies.append(reply.body.replacing(host, with: "HOST"))
            }
            #expect(replies[0] == replies[1])
            #expect(try await server.exchange(.get(Self.target("url", "https://gone.example/"))).status == 200)
        }
    }

    @Test("the problems of the account are those of its token, without texts for the owner only")
    func problems() async throws {
        let access = AccessFixture().access(AccessFixture.rule(["gone", "fails"], allow: [.token]))
        try await ServerFixture.serving(access: access) { server in
            let gone = try await server.exchange(.get(Self.target("token", "https://gone.example/")))
            #expect(gone.status == 401 && gone.problem?.reason == "not_logged_in")
            server.service.failing = Problem(.storeUnavailable, "/home/owner/x", hint: "rm /home/owner/x")
            let failed = try await server.exchange(.get(Self.target("token", "https://fails.example/")))
            #expect(failed.status == 503 && !failed.body.contains("/home/owner"))
        }
    }

    @Test("a process that has ended gets the same refusal for each URL, and it is recorded")
    func lost() async throws {
        let caller = SlowCaller(AccessFixture.stranger)
        let fixture = AccessFixture()
        let rules = CurrentRules(
            AccessRules(owner: AccessFixture.owner, rules: [AccessFixture.rule(allow: [.token])]))
        try await ServerFixture.serving(access: fixture.access(rules, as: caller)) { server in
            let client = try server.client()
            try await client.send(.get(Self.target("token", "https://work.example/")))
            #expect(try await client.reply(to: "GET").status == 200)
            caller.isLost.withLock { $0 = true }
            for host in ["work.example", "else.invalid"] {
                try await client.send(.get(Self.target("token", "https://\(host)/")))
                let reply = try await client.reply(to: "GET")
                #expect(reply.problem?.code == .forbidden && reply.problem?.reason == "caller_lost")
            }
        }
        #expect(fixture.records.map(\.result) == [.allowed, .refused(.forbidden), .refused(.forbidden)])
    }

    @Test("rules that change between the look-up and the decision do not reveal that there is an account")
    func changedRules() async throws {
        let caller = RuleChangingCaller(AccessFixture.stranger)
        let fixture = AccessFixture()
        let rules = CurrentRules(
            AccessRules(owner: AccessFixture.owner, rules: [AccessFixture.rule(["work"], allow: [.token])]))
        try await ServerFixture.serving(access: fixture.access(rules, as: caller)) { server in
            for route in ["token", "url"] {
                rules.replace(
                    AccessRules(owner: AccessFixture.owner, rules: [AccessFixture.rule(["work"], allow: [.token])]))
                let client = try server.client()
                try await client.send(.get("/v1/health"))
                #expect(try await client.reply().status == 200)
                // The second look at the caller is for the decision.
                caller.change(after: 1) {
                    rules.replace(
                        AccessRules(owner: AccessFixture.owner, rules: [AccessFixture.rule(["mine"], allow: [.token])]))
                }
                try await client.send(.get(Self.target(route, "https://work.example/")))
                let reply = try await client.reply()
                #expect(reply.problem?.code == .noAccountForURL, "\(reply.body)")
            }
        }
    }

    @Test("the status of an account has its URLs for a caller that may use its token")
    func status() async throws {
        for (allow, expected) in [([.status], false), ([.status, .token], true)] as [(Set<Permission>, Bool)] {
            let access = AccessFixture().access(AccessFixture.rule(["work"], allow: allow))
            try await ServerFixture.serving(access: access) { server in
                for path in ["/v1/accounts", "/v1/accounts/work"] {
                    let reply = try await server.exchange(.get(path))
                    #expect(reply.status == 200 && reply.body.contains("https://work.example/") == expected, "\(path)")
                    #expect(reply.body.contains("git-user") == expected)
                }
            }
        }
    }
}

/// A caller that does something when its facts are collected for the second time.
private final class RuleChangingCaller: CallerIdentity {
    let connected: Caller
    private let next = Mutex<(after: Int, action: @Sendable () -> Void)?>(nil)

    init(_ caller: Caller) { connected = caller }

    func change(after count: Int, _ action: @escaping @Sendable () -> Void) {
        next.withLock { $0 = (count, action) }
    }

    func callerAtOnce(_ facts: CallerFacts) throws(CallerLost) -> Caller? {
        act()
        return connected
    }

    func caller(_ facts: CallerFacts) async throws(CallerLost) -> Caller {
        act()
        return connected
    }

    private func act() {
        let action = next.withLock { next -> (@Sendable () -> Void)? in
            guard let (after, action) = next else { return nil }
            next = after > 0 ? (after - 1, action) : nil
            return after > 0 ? nil : action
        }
        action?()
    }
}
