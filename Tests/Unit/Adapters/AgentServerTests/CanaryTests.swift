import AgentAPI
import AgentServer
import Policy
import TestSupport
import Testing

/// A canary replaces all texts of files, stores and providers, and no reply to another user may have it: on every
/// route, with every permission except 'admin'.
@Suite(.timeLimit(.minutes(10)))
struct CanaryTests {
    private static let canary = "owners-private-place/db7.corp.example"

    private static let strangers = AccessFixture.rule(
        allow: Set(Permission.allCases).subtracting([.admin]))
    private static let owner = KnownCaller(Caller(pid: 1, user: AccessFixture.owner, group: 1))

    /// Every route and method whose reply ends, with bodies that request the fullest replies.
    private static func requests(_ account: String) throws -> [Request] {
        let name = try #require(AccountName(account))
        return Resource.allCases.flatMap { resource -> [Request] in
            let path = resource.path(of: name)
            switch resource {
            case .events: return []
            case .login: return [Request(method: "DELETE", target: path)]
            case .urlToken, .url:
                let query = "url=https://\(account).example/"
                return resource.methods.map { Request(method: $0, target: "\(path)?\(query)") }
            case .policyCheck: return [.get("\(path)?pid=4711&account=\(account)")]
            default:
                return resource.methods.map { method in
                    method == "POST" ? .post(path, "{}") : Request(method: method, target: path)
                }
            }
        }
    }

    /// Returns all replies as one text.
    private func replies(_ server: ServerFixture) async throws -> String {
        var texts: [String] = []
        for account in ["work", "fails"] {
            for request in try Self.requests(account) {
                let client = try server.client()
                try await client.send(request)
                let reply = try await client.reply(to: request.method)
                texts.append("\(request.method) \(request.target) \(reply.status) \(reply.fields) \(reply.body)\n")
            }
        }
        return texts.joined()
    }

    @Test("no reply to another user has the canary, whatever the problem", arguments: Problem.Code.allCases)
    func repliesToStrangers(code: Problem.Code) async throws {
        // Problems about the request keep their own text.
        let text = Self.isAboutRequest(code) ? "of the request" : Self.canary
        let problem = Problem(code, text, hint: text, reason: Self.canary)
        try await ServerFixture.serving(access: AccessFixture().access(Self.strangers)) { server in
            (server.service.canary, server.service.failing) = (Self.canary, problem)
            let said = try await replies(server)
            #expect(!said.contains(Self.canary), "\(said)")
            #expect(said.contains("\"state\":\"ok\"") && said.contains("\"revoked\":false"))
        }
    }

    @Test("the owner's replies have the canary")
    func repliesToOwner() async throws {
        try await ServerFixture.serving(access: AccessFixture().access(as: Self.owner)) { server in
            server.service.canary = Self.canary
            server.service.failing = Problem(.internalError, Self.canary, hint: Self.canary, reason: Self.canary)
            let said = try await replies(server)
            #expect(said.split(separator: Self.canary).count > 20)
        }
    }

    private static func isAboutRequest(_ code: Problem.Code) -> Bool {
        switch code {
        case .ambiguousAccount, .badRequest, .forbidden, .locked, .methodNotAllowed, .noAccountForURL, .notAcceptable,
            .notFound, .timeout, .tooLarge, .tooManyRequests, .unknownAccount, .unsupportedMediaType, .wrongPassphrase:
            true
        case .badIDToken, .configurationError, .internalError, .loginRequired, .noIDToken, .providerChanged,
            .providerRejected,
            .providerUnreachable, .scopeNotGranted, .storeLocked, .storeUnavailable:
            false
        }
    }

    @Test("no event of a login has the canary, whatever its code")
    func logins() async throws {
        let name = try #require(AccountName("work"))
        let codes =
            ["access_denied", "expired_token", "cancelled", "invalid_client", "bad_response", Self.canary, "my_error"]
            + Problem.Code.allCases.map(\.rawValue)
        var last: [LoginEvent] = codes.map {
            .failed(LoginFailure(code: $0, detail: Self.canary, hint: Self.canary))
        }
        last.append(.done(LoginResult(account: name, scope: "a", note: Self.canary)))
        try await ServerFixture.serving(access: AccessFixture().access(Self.strangers)) { server in
            for (index, event) in last.enumerated() {
                let client = try server.client()
                try await client.send(.post("/v1/accounts/work/login"))
                #expect(try await client.streamHead().status == 200)
                server.service.send(.retrying(detail: Self.canary))
                server.service.send(event)
                var said = ""
                while let chunk = try await client.nextChunk() { said += chunk }
                #expect(said.contains("\"retrying\""))
                #expect(said.contains(index == codes.count ? "\"done\"" : "\"failed\""), "\(said)")
                #expect(!said.contains("db7.corp") && !said.contains("my_error"), "\(said)")
                if index < 5 { #expect(said.contains("\"\(codes[index])\"")) }
            }
        }
    }

    @Test("no event of the agent has the canary")
    func events() async throws {
        let name = try #require(AccountName("work"))
        try await ServerFixture.serving(access: AccessFixture().access(Self.strangers)) { server in
            let client = try server.client()
            try await client.send(.get("/v1/events"))
            #expect(try await client.streamHead().status == 200)
            _ = try await client.nextChunk()
            let watcher = try #require(server.service.eventWatchers.first)
            let hidden: Set<AgentNews.Kind> = [.denied, .approvalRequested, .approvalEnded]
            for (index, kind) in AgentNews.Kind.allCases.enumerated() {
                var news = AgentNews(kind, account: name)
                (news.code, news.reason, news.detail, news.hint) = (Self.canary, Self.canary, Self.canary, Self.canary)
                news.denial = AgentNews.Denial(user: 5, pid: 6, executable: Self.canary, unit: Self.canary)
                watcher.yield(AgentEvent(id: EventID(origin: "a1", count: UInt64(index + 8)), time: 1, news: news))
            }
            for kind in AgentNews.Kind.allCases where !hidden.contains(kind) {
                let event = try #require(try await client.nextChunk())
                #expect(event.contains("event: \(kind.rawValue)\n") && !event.contains("db7.corp"), "\(event)")
            }
        }
    }

    @Test("only the owner may inspect a token in the body, because introspection uses the owner's client")
    func givenToken() async throws {
        let body = "{\"token\":\"x\"}"
        try await ServerFixture.serving(access: AccessFixture().access(Self.strangers)) { server in
            let refused = try await server.exchange(.post("/v1/accounts/work/inspect", body))
            #expect(refused.status == 403)
            #expect(refused.problem?.reason == "token_not_allowed")
            let own = try await server.exchange(.post("/v1/accounts/work/inspect", "{\"introspect\":true}"))
            #expect(own.status == 200)
            #expect(server.service.calls.count == 1)
        }
        try await ServerFixture.serving(access: AccessFixture().access(as: Self.owner)) { server in
            let own = try await server.exchange(.post("/v1/accounts/work/inspect", body))
            #expect(own.status == 200)
        }
    }
}
