import AgentAPI
import AgentServer
import Policy
import Testing

/// Authorization details (RFC 9396) of token requests, on the real server.
struct DetailsRouteTests {
    private static let canonical = #"[{"actions":["read"],"type":"payment"}]"#
    private let work: AccountName

    init() throws { work = try #require(AccountName("work")) }

    /// The same details, written otherwise.
    private static let other = "%5B+%7B%22type%22%3A%22payment%22%2C+%22actions%22%3A%5B%22read%22%5D%7D+%5D"

    private static func rule(
        _ types: [String]?, scopes: [String]? = nil, confirm: AgentAPI.Confirmation? = nil
    ) -> AccessRule {
        AccessRule(
            accounts: [Glob("*")], conditions: [.user(4242, name: nil)], allow: [.token, .idToken],
            scopes: scopes.flatMap { ScopeBound($0) }, authorizationTypes: types, confirm: confirm, source: "f:1")
    }

    @Test("equal details reach the agent as one text, by the account's name, by URL, and when the token is reported")
    func canonical() async throws {
        let request = TokenRequest(target: try TokenTarget(authorizationDetails: Self.canonical))
        try await ServerFixture.serving { server in
            for path in [
                "/v1/accounts/work/token?" + request.query,
                "/v1/accounts/work/token?authorization_details=" + Self.other,
                "/v1/token?url=https://work.example/&authorization_details=" + Self.other,
            ] {
                #expect(try await server.exchange(.get(path)).status == 200, "\(path)")
                #expect(server.service.calls.last == .token(work, request), "\(path)")
            }
            let body = #"{"authorization_details":" [{\"type\":\"payment\",\"actions\":[\"read\"]}]"}"#
            let reply = try await server.exchange(
                .post("/v1/accounts/work/token/rejected", body, "Content-Type: application/json"))
            #expect(reply.status == 200)
            #expect(server.service.calls.last == .rejectToken(work, RejectedToken(request)))
        }
    }

    @Test("details that are none are refused, and the parameter is named")
    func invalid() async throws {
        try await ServerFixture.serving { server in
            for value in [
                "", "x", "%7B%7D", "%5B%5D", "%5B1%5D", "%5B%7B%22a%22%3A1%7D%5D",
                "%5B" + String(repeating: "+", count: 4096) + "%5D",
            ] {
                let reply = try await server.exchange(.get("/v1/accounts/work/token?authorization_details=\(value)"))
                #expect(reply.problem?.code == .badRequest, "\(value)")
                #expect(reply.problem?.detail.contains("authorization_details") == true, "\(value)")
            }
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("a rule with a bound allows only the types that it lists; the audit has what was requested")
    func rules() async throws {
        let path = "/v1/accounts/work/token?authorization_details=" + Self.other
        for (rule, isAllowed) in [
            (Self.rule(nil), true), (Self.rule(["payment"]), true), (Self.rule(["account"]), false),
            (Self.rule([]), false),
            (Self.rule(nil, scopes: ["a"]), false), (Self.rule(["payment"], scopes: ["a"]), true),
        ] {
            let fixture = AccessFixture()
            try await ServerFixture.serving(access: fixture.access(rule)) { server in
                let reply = try await server.exchange(.get(path))
                #expect((reply.status == 200) == isAllowed, "\(rule)")
                #expect(server.service.calls.isEmpty != isAllowed)
                #expect(fixture.records.last?.authorizationTypes == ["payment"])
                guard !isAllowed else { return }
                #expect(reply.problem?.code == .forbidden)
                #expect(reply.problem?.reason == "details_not_allowed")
            }
        }
    }

    @Test("a bare ID token has no details, so a bound on them does not refuse it")
    func idToken() async throws {
        let fixture = AccessFixture()
        try await ServerFixture.serving(access: fixture.access(Self.rule([], scopes: ["a"]))) { server in
            _ = try await server.exchange(.get("/v1/accounts/work/token?id_token=true", "Accept: text/plain"))
            guard case .token(_, _, let limits)? = server.service.calls.last else {
                Issue.record("\(server.service.calls)")
                return
            }
            #expect(limits.bound?.authorizationTypes == nil && limits.bound?.scopes == nil)
            _ = try await server.exchange(.get("/v1/accounts/work/token"))
            guard case .token(_, _, let limits)? = server.service.calls.last else { return }
            #expect(limits.bound?.authorizationTypes == [])
        }
    }
}
