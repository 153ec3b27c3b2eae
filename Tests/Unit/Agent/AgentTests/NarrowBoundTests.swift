import Agent
import AgentAPI
import FoundationEssentials
import TestSupport
import Testing

/// A rule's scopes are compared as strings, with and without scopes in the request: equal meaning at a provider does
/// not count.
struct NarrowBoundTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var bound: [String]
        var login: String
        var testDescription: String { "bound '\(bound.joined(separator: " "))', login '\(login)'" }
    }

    private static let graph = "https://graph.example/.default"

    private static let rows = [
        Row(bound: [graph], login: "Mail.ReadWrite Directory.ReadWrite.All"),
        Row(bound: [graph], login: "Mail.ReadWrite https://vault.example/user_impersonation"),
        Row(bound: [graph], login: "https://graph.example/.Default"),
        Row(bound: ["https://files.example/read"], login: "read"),
        Row(bound: ["https://mail.example/x/admin"], login: "admin"),
        Row(bound: ["read"], login: "READ"),
        Row(bound: ["READ"], login: "read"),
        Row(bound: ["https://a.example/x"], login: "https://a.example/x/"),
        Row(bound: ["https://a.example/x/"], login: "https://a.example/x"),
        Row(bound: ["email"], login: "https://www.googleapis.com/auth/userinfo.email"),
        Row(bound: ["https://www.googleapis.com/auth/userinfo.email"], login: "email"),
        Row(bound: ["read"], login: "OFFLINE_ACCESS"),
        Row(bound: ["read"], login: "read.all"),
        Row(bound: ["repo:read"], login: "repo"),
        Row(bound: ["offline_access"], login: "admin"),
    ]

    @Test(
        "a login whose scope only means or looks like one of the bound gets nothing, without a request",
        arguments: rows)
    func lookalikes(row: Row) async throws {
        let fixture = try await AgentFixture.loggedIn(row.login.words, granted: row.login)
        let count = fixture.provider.requests(.token).count
        let bound = TokenBound(scopes: ScopeBound(row.bound), resources: ["https://vault.example/"])
        for target in [nil, try TokenTarget(resources: ["https://vault.example/"])] {
            let request = BoundRequest(target: target, bound: bound)
            let problem = await fixture.refusal(request)
            #expect(problem?.reason == "no_allowed_scope", "\(problem as Any)")
            guard case .failure? = fixture.agent.tokenAtOnce(fixture.name, request) else {
                Issue.record("the token is served from memory")
                return
            }
        }
        #expect(fixture.provider.requests(.token).count == count)
    }

    @Test(
        "for a narrowed token, the reply's scopes decide", arguments: rows)
    func lookalikesGranted(row: Row) async throws {
        let bound = row.bound[0]
        let fixture = try await AgentFixture.loggedIn([bound, "more"], granted: "\(bound) more")
        fixture.provider.script(.token, .token("n1", scope: row.login))
        let target = try TokenTarget(scopes: [bound])
        for target in [nil, target] {
            let problem = await fixture.refusal(
                BoundRequest(target: target, bound: TokenBound(scopes: ScopeBound(row.bound))))
            #expect(problem != nil)
            #expect(["scope_not_allowed", "narrower"].contains(problem?.reason), "\(problem as Any)")
        }
    }

    @Test("under a bound narrower than the login, a reply without scope is not served")
    func silence() async throws {
        let fixture = try await AgentFixture.loggedIn(["read", "admin"], granted: "read admin")
        fixture.provider.script(.token, .token("wide", scope: nil))
        for target in [nil, try TokenTarget(scopes: ["read"])] {
            let request = BoundRequest(target: target, bound: .scopes("read"))
            let problem = await fixture.refusal(request)
            #expect(problem?.code == .forbidden)
            #expect(problem?.reason == "scope_not_allowed")
            #expect(problem?.hint?.contains("'believe_omitted_scope = true'") == true)
            guard case .failure(let again)? = fixture.agent.tokenAtOnce(fixture.name, request) else {
                Issue.record("the token is served from memory")
                return
            }
            #expect(again == problem)
        }
        // Without a bound, RFC 6749 §5.1 applies.
        let free = try await fixture.agent.token(fixture.name, TokenRequest(target: try TokenTarget(scopes: ["read"])))
        #expect(free.scope == "read")
    }

    @Test("with believe_omitted_scope a reply may omit the scope; if it names scopes, they must be within it")
    func believed() async throws {
        let fixture = try await AgentFixture.loggedIn(["read", "admin"], granted: "read admin")
        try await fixture.configure("believe_omitted_scope = true\n")
        fixture.provider.script(.token, .token("n1", scope: nil))
        let request = BoundRequest(bound: .scopes("read"))
        #expect(try await fixture.agent.token(fixture.name, request).scope == "read")
        fixture.time.advance(by: .seconds(3600))
        fixture.provider.script(.token, .token("n2", scope: "read admin"))
        #expect(await fixture.refusal(request)?.detail.contains("'admin'") == true)
        fixture.time.advance(by: .seconds(3600))
        for scope in ["", " "] {
            fixture.provider.script(.token, .token("n3", scope: scope))
            #expect(await fixture.refusal(request) != nil)
        }
    }

    @Test("a new login keeps believe_omitted_scope of the account's file")
    func keptBelief() async throws {
        let fixture = try await AgentFixture.loggedIn(["read"], granted: nil)
        try await fixture.configure("believe_omitted_scope = true\n")
        try await fixture.logIn(["read", "write"], granted: nil)
        let text = try String(contentsOfFile: "\(fixture.files.path)/user/work.toml", encoding: .utf8)
        #expect(text.contains("believe_omitted_scope = true\n") && text.contains("write"))
        #expect(await fixture.refusal(BoundRequest(bound: .scopes("read", "write"))) == nil)
    }

    @Test("removing believe_omitted_scope also applies to tokens from before")
    func belief() async throws {
        let fixture = try await AgentFixture.loggedIn(["read"], granted: nil)
        let request = BoundRequest(bound: .scopes("read"))
        #expect(await fixture.refusal(request)?.reason == "scope_not_allowed")
        try await fixture.configure("believe_omitted_scope = true\n")
        #expect(try await fixture.agent.token(fixture.name, request).accessToken == "a1")
        let file = "\(fixture.files.path)/user/work.toml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.replacing("believe_omitted_scope = true", with: "believe_omitted_scope = false")
            .write(toFile: file, atomically: false, encoding: .utf8)
        try await fixture.agent.reload()
        #expect(await fixture.refusal(request)?.reason == "scope_not_allowed")
        guard case .failure? = fixture.agent.tokenAtOnce(fixture.name, request) else {
            Issue.record("the token is served from memory")
            return
        }
    }

    @Test(
        "a reply whose scopes cannot be read completely is within no bound",
        arguments: [
            #""scope":"""#, #""scope":" ""#, #""scope":[]"#, #""scope":"read \u00e4dmin""#, #""scope":"read \u212aey""#,
            #""scope":"read","scopes":["read","admin"]"#, #""scope":["read",7]"#, #""scope":"read","scopes":{}"#,
            #""scope":7"#, #""scope":"read \#(String(repeating: "x", count: 300))""#,
        ])
    func unreadable(member: String) async throws {
        let fixture = try await AgentFixture.loggedIn(["read", "admin"], granted: "read admin")
        fixture.provider.script(
            .token,
            .json(
                200, #"{"access_token":"n1","token_type":"Bearer","expires_in":3600,"refresh_token":"r1",\#(member)}"#))
        for isBelieved in [false, true] {
            if isBelieved { try await fixture.configure("believe_omitted_scope = true\n") }
            for target in [nil, try TokenTarget(scopes: ["read"])] {
                let problem = await fixture.refusal(BoundRequest(target: target, bound: .scopes("read")))
                #expect(problem != nil, "believed: \(isBelieved)")
            }
        }
    }

    @Test("a kept token that was issued for an unbounded caller is not served under a bound")
    func kept() async throws {
        let fixture = try await AgentFixture.loggedIn(["read", "admin"], granted: "read admin")
        let target = try TokenTarget(scopes: ["read"])
        fixture.provider.script(.token, .token("n1", scope: "READ admin"))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest(target: target)).accessToken == "n1")
        let bounded = BoundRequest(target: target, bound: .scopes("read"))
        guard case .failure(let problem)? = fixture.agent.tokenAtOnce(fixture.name, bounded) else {
            Issue.record("the token is served")
            return
        }
        #expect(problem.reason == "scope_not_allowed")
        #expect(problem.detail.contains("'READ admin'"))
    }

    @Test("a login whose scopes no reply has named serves nothing under a bound, also after a restart")
    func assumed() async throws {
        let fixture = try await AgentFixture.loggedIn(["read"], granted: nil)
        fixture.provider.script(.token, .token("a2", scope: nil))
        let request = BoundRequest(bound: .scopes("read", "write"))
        #expect(await fixture.refusal(request)?.reason == "scope_not_allowed")
        let again = try AgentFixture(restarting: fixture)
        again.provider.script(.token, .token("a3", scope: nil))
        #expect(await again.refusal(request)?.reason == "scope_not_allowed")
        // Once a reply names them, they are known.
        again.time.advance(by: .seconds(3600))
        again.provider.script(.token, .token("a4", scope: "read"))
        #expect(try await again.agent.token(again.name, request).accessToken == "a4")
    }

    @Test("a login without known scopes has none that the rules allow")
    func unknown() async throws {
        let fixture = try await AgentFixture.loggedIn([], granted: nil)
        let problem = await fixture.refusal(BoundRequest(bound: .scopes("read")))
        #expect(problem?.code == .scopeNotGranted)
        #expect(problem?.reason == "no_allowed_scope")
    }

    @Test("a login within the bound serves its own token, also if a renewal names no scope")
    func within() async throws {
        let fixture = try await AgentFixture.loggedIn(["read", "offline_access"], granted: "read offline_access")
        let request = BoundRequest(bound: .scopes("read", "write"))
        #expect(try await fixture.agent.token(fixture.name, request).accessToken == "a1")
        fixture.time.advance(by: .seconds(3600))
        fixture.provider.script(.token, .token("a2", scope: nil, refresh: "r2"))
        #expect(try await fixture.agent.token(fixture.name, request).accessToken == "a2")
        let target = try TokenTarget(scopes: ["read"])
        let narrow = BoundRequest(target: target, bound: .scopes("read", "write"))
        #expect(try await fixture.agent.token(fixture.name, narrow).scope == "read")
        // The login's scopes are stored with it.
        let again = try AgentFixture(restarting: fixture)
        again.provider.script(.token, .token("a3", scope: nil))
        #expect(try await again.agent.token(again.name, request).accessToken == "a3")
    }

    @Test("after a renewal that named fewer scopes, an omitted scope may mean all of them again")
    func fewer() async throws {
        let fixture = try await AgentFixture.loggedIn(["read", "admin"], granted: "read admin")
        fixture.time.advance(by: .seconds(3600))
        fixture.provider.script(.token, .token("a2", scope: "read"))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).scope == "read")
        let request = BoundRequest(bound: .scopes("read"))
        #expect(try await fixture.agent.token(fixture.name, request).accessToken == "a2")
        fixture.time.advance(by: .seconds(3600))
        fixture.provider.script(.token, .token("a3", scope: nil))
        #expect(await fixture.refusal(request)?.reason == "scope_not_allowed")
    }

    @Test("the scope in a reply for a target does not become the login's own")
    func targetIsNotLogin() async throws {
        let fixture = try await AgentFixture.loggedIn(["read"], granted: nil)
        fixture.provider.script(.token, .token("n1", scope: "read"), .token("a2", scope: nil))
        let target = try TokenTarget(scopes: ["read"])
        #expect(try await fixture.agent.token(fixture.name, TokenRequest(target: target)).accessToken == "n1")
        fixture.time.advance(by: .seconds(3600))
        #expect(await fixture.refusal(BoundRequest(bound: .scopes("read")))?.reason == "scope_not_allowed")
    }

    @Test("a login that never expires stores whether its scopes were named", arguments: [true, false])
    func lasting(isNamed: Bool) async throws {
        let fixture = try AgentFixture()
        fixture.provider.script(
            .token,
            .json(200, #"{"access_token":"a1","token_type":"bearer"\#(isNamed ? #","scope":"read""# : "")}"#))
        let log = try await fixture.login(
            LoginRequest(settings: LoginSettings(issuer: FakeProvider.issuer, clientID: "tv", scopes: ["read"])))
        await fixture.passInterval()
        guard case .done? = await log.events().last else { throw Problem(.internalError, "the login has failed") }
        for agent in [fixture, try AgentFixture(restarting: fixture)] {
            let problem = await agent.refusal(BoundRequest(bound: .scopes("read")))
            #expect(problem?.reason == (isNamed ? nil : "scope_not_allowed"))
        }
    }

    @Test(
        "a login's scopes under a bound are compared as strings as well",
        arguments: [
            ("https://graph.example/.default", "Mail.ReadWrite"), ("https://mail.example/x/admin", "admin"),
            ("read", "READ"), ("read", "Offline_Access"), ("email", "https://www.googleapis.com/auth/userinfo.email"),
        ])
    func login(bound: String, scope: String) async throws {
        let fixture = try await AgentFixture.loggedIn([scope], granted: scope)
        let count = fixture.provider.requests(.device).count
        do throws(Problem) {
            let limits = CallerLimits(bound: .scopes(bound))
            _ = try await fixture.agent.login(fixture.name, LoginRequest(), within: limits)
            Issue.record("the login starts")
        } catch { #expect(error.reason == "scope_not_allowed") }
        #expect(fixture.provider.requests(.device).count == count)
    }
}

extension String {
    fileprivate var words: [String] { split(separator: " ").map(String.init) }
}
