import AgentAPI
import Testing

struct ProblemReplyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let request: Request
        let status: Int
        let code: Problem.Code
        let hint: String

        init(_ request: Request, _ status: Int, _ code: Problem.Code, hint: String) {
            (self.request, self.status, self.code, self.hint) = (request, status, code, hint)
        }

        var testDescription: String { "\(request.method) \(request.target) \(request.body)" }
    }

    static let json = "Content-Type: application/json"
    static let cases = [
        Case(.get("/"), 404, .notFound, hint: "authagent-api"),
        Case(.get("/v1/accounts/work/tokens"), 404, .notFound, hint: "authagent-api"),
        Case(.get("/v1/accounts/../health"), 404, .notFound, hint: "authagent-api"),
        Case(.get("/v2/health"), 404, .notFound, hint: "authagent-api"),
        Case(.get("/v1/accounts/ghost"), 404, .unknownAccount, hint: "authagent login ghost"),
        Case(.get("/v1/accounts/ghost/token"), 404, .unknownAccount, hint: "authagent login ghost"),
        Case(.get("/v1/accounts/gone/token"), 401, .loginRequired, hint: "authagent login gone"),
        Case(.post("/v1/accounts/ghost/login"), 404, .unknownAccount, hint: "authagent login ghost"),
        Case(.post("/v1/health"), 405, .methodNotAllowed, hint: "GET"),
        Case(.get("/v1/accounts/work/logout"), 405, .methodNotAllowed, hint: "POST"),
        Case(Request(method: "OPTIONS", target: "/v1/reload"), 405, .methodNotAllowed, hint: "POST"),
        Case(.get("/v1/accounts", "Accept: text/plain"), 406, .notAcceptable, hint: "Accept: application/json"),
        Case(
            .get("/v1/accounts/work/token", "Accept: image/png"), 406, .notAcceptable, hint: "Accept: application/json"),
        Case(
            .post("/v1/accounts/work/login", "", "Accept: text/plain"), 406, .notAcceptable, hint: LoginEvent.mediaType),
        Case(
            .post("/v1/accounts/work/logout", "local=1", "Content-Type: application/x-www-form-urlencoded"), 415,
            .unsupportedMediaType, hint: "Content-Type: application/json"),
        Case(.post("/v1/accounts/work/logout", "{", json), 400, .badRequest, hint: "authagent-api"),
        Case(.post("/v1/accounts/work/logout", "[]", json), 400, .badRequest, hint: "authagent-api"),
        Case(.post("/v1/accounts/work/logout", "\u{0}", json), 400, .badRequest, hint: "authagent-api"),
        Case(.post("/v1/accounts/work/login", #"{"timeout":"1"}"#, json), 400, .badRequest, hint: "authagent-api"),
        Case(
            .post("/v1/accounts/work/login", String(repeating: "[", count: 60_000), json), 400, .badRequest,
            hint: "authagent-api"),
    ]

    @Test("an invalid request gets a problem with a stable code, the remedy and the right status", arguments: cases)
    func problem(_ expected: Case) async throws {
        try await ServerFixture.serving { server in
            let reply = try await server.exchange(expected.request)
            let problem = try #require(reply.problem, "\(reply)")
            #expect(reply.status == expected.status)
            #expect(problem.code == expected.code)
            #expect(!problem.detail.isEmpty)
            #expect(problem.hint?.contains(expected.hint) == true, "\(problem.hint ?? "no hint")")
            #expect(reply["cache-control"] == "no-store")
            // The request is invalid, not the connection.
            #expect(!reply.isClosing)
            #expect(server.service.finished.isEmpty)
        }
    }

    @Test(
        "a query with an unknown, repeated or invalid parameter is refused",
        arguments: [
            "min_valid=-1", "min_valid=86401", "min_valid=1.5", "min_valid=", "min_valid", "min_valid=+5",
            "min_valid=%2B5", "min_valid=99999999999999999999", "min_valid=1&min_valid=1", "min-valid=1", "scopes=a",
            "min_valid=%3", "min_valid=%zz", "min_valid=%+5", "min_valid=%-0", "min_valid=%FF", "%00=1", "=",
            "id_token=1", "id_token", "id_token=TRUE", "id_token=true&id_token=true",
        ])
    func query(text: String) async throws {
        try await ServerFixture.serving { server in
            for account in ["work", "slow"] {
                let reply = try await server.exchange(.get("/v1/accounts/\(account)/token?\(text)"))
                #expect(reply.status == 400)
                #expect(reply.problem?.code == .badRequest)
                #expect(reply.problem?.hint?.isEmpty == false)
            }
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test(
        "an invalid scope, resource or audience is refused, and the parameter is named",
        arguments: [
            ("scope=", "scope is"), ("scope=a%20%20b", "scope is"), ("scope=a%22", "scope is"),
            ("scope=a&scope=b", "query parameter 'scope' is repeated"), ("resource=api", "resource is"),
            ("resource=https://h/%23f", "resource must not have a fragment"),
            ("resource=urn:a&resource=", "resource is"),
            ("audience=", "audience is"), ("audience=%0A", "audience is"),
            ("audience=a&audience=a", "query parameter 'audience' is repeated"),
            (String(repeating: "resource=urn:a&", count: 9), "resource is given more than 8 times"),
        ])
    func target(query: String, words: String) async throws {
        try await ServerFixture.serving { server in
            let reply = try await server.exchange(.get("/v1/accounts/work/token?\(query)"))
            #expect(reply.status == 400)
            #expect(reply.problem?.code == .badRequest)
            #expect(reply.problem?.detail.hasPrefix(words) == true, "\(reply.problem?.detail ?? "")")
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test(
        "a parameter of a resource without parameters is refused",
        arguments: [Request.get("/v1/health?a=b"), .post("/v1/reload?now"), .post("/v1/accounts/work/login?force=1")])
    func noParameters(request: Request) async throws {
        try await ServerFixture.serving { server in
            let reply = try await server.exchange(request)
            #expect(reply.problem?.code == .badRequest)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("an unknown parameter's name is shown without control characters, and shortened")
    func shownName() async throws {
        try await ServerFixture.serving { server in
            let name = "%1B%5B31m" + String(repeating: "x", count: 8_000)
            let problem = try await server.exchange(.get("/v1/health?\(name)=1")).problem
            #expect(problem?.detail.utf8.allSatisfy { (0x20...0x7E).contains($0) } == true)
            #expect((problem?.detail.utf8.count ?? .max) < 100)
        }
    }

    @Test("an answer that cannot be written as JSON is an internal error, and the agent goes on")
    func unwritable() async throws {
        try await ServerFixture.serving { server in
            let reply = try await server.exchange(.post("/v1/accounts/deep/inspect"))
            #expect(reply.status == 500)
            #expect(reply.problem?.code == .internalError)
            #expect(reply.problem?.hint != nil)
            #expect(try await server.exchange(.get("/v1/health")).status == 200)
        }
    }

    @Test("405 lists the resource's methods (RFC 9110 §15.5.6)")
    func allow() async throws {
        try await ServerFixture.serving { server in
            let login = try await server.exchange(Request(method: "PUT", target: "/v1/accounts/work/login"))
            #expect(login["allow"] == "POST, DELETE")
            let accounts = try await server.exchange(.post("/v1/accounts"))
            #expect(accounts["allow"] == "GET, HEAD")
        }
    }
}
