import AgentAPI
import AgentServer
import Policy
import TestSupport
import Testing

/// The route by which a client hands the provider's response to a pending login.
struct LoginResponseRouteTests {
    private static let target = "/v1/accounts/work/login/response"

    @Test("the owner's response reaches the agent, and the reply says whether it was the login's")
    func owner() async throws {
        try await ServerFixture.serving { server in
            let right = try await server.exchange(
                .post(Self.target, #"{"response":"code=a&state=b","bare_code":true}"#))
            #expect(right.status == 200 && right.body == #"{"accepted":true,"account":"work"}"# + "\n")
            let wrong = try await server.exchange(.post(Self.target, #"{"response":"x"}"#))
            #expect(wrong.status == 200 && wrong.body.contains(#""detail":"canary-words""#))
            let name = try #require(AccountName("work"))
            let calls: [FakeAgentService.Call] = [
                .answerLogin(name, LoginResponse(response: "code=a&state=b", bareCode: true)),
                .answerLogin(name, LoginResponse(response: "x")),
            ]
            #expect(server.service.calls == calls)
        }
    }

    @Test(
        "a body without a response, or with a wrong one, is refused",
        arguments: ["", "{}", #"{"response":1}"#, #"["code=a"]"#, #"{"response":"a","response":"b"}"#])
    func malformed(body: String) async throws {
        try await ServerFixture.serving { server in
            let reply = try await server.exchange(.post(Self.target, body))
            #expect(reply.status == 400 && server.service.calls.isEmpty)
        }
    }

    @Test("another user needs the permission login, and gets no words of the provider")
    func others() async throws {
        for (allow, status) in [([.token, .status], 403), ([.login], 200)] as [(Set<Permission>, Int)] {
            let fixture = AccessFixture()
            try await ServerFixture.serving(access: fixture.access(AccessFixture.rule(allow: allow))) { server in
                let reply = try await server.exchange(.post(Self.target, #"{"response":"x"}"#))
                #expect(reply.status == status && !reply.body.contains("canary"))
                #expect(server.service.calls.count == (status == 200 ? 1 : 0))
            }
        }
    }

    @Test("neither the response nor the code is in the record of the request")
    func record() async throws {
        let fixture = AccessFixture()
        try await ServerFixture.serving(access: fixture.access(AccessFixture.rule(allow: [.login]))) { server in
            _ = try await server.exchange(.post(Self.target, #"{"response":"code=canary&state=canary"}"#))
            #expect(!fixture.records.isEmpty && !"\(fixture.records)".contains("canary"))
        }
    }
}
