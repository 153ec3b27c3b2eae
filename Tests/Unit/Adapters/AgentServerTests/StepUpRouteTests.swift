import AgentAPI
import TestSupport
import Testing

/// Authentication contexts and challenges on their way to the agent.
struct StepUpRouteTests {
    private let work: AccountName

    init() throws { work = try #require(AccountName("work")) }

    @Test("the challenge and the acr of a refused token reach the agent, within their bounds")
    func challenged() async throws {
        try await ServerFixture.serving { server in
            let path = "/v1/accounts/work/token/rejected"
            var elevated = TokenRequest()
            elevated.acrValues = ["phr", "phrh"]
            let longest = String(repeating: "x", count: RejectedToken.longestChallenge)
            for (body, rejected) in [
                (#"{"www_authenticate":"Bearer a=\"b\""}"#, RejectedToken(TokenRequest(), challenge: #"Bearer a="b""#)),
                (#"{"www_authenticate":"\#(longest)"}"#, RejectedToken(TokenRequest(), challenge: longest)),
                (#"{"acr":"phr phrh","www_authenticate":""}"#, RejectedToken(elevated, challenge: "")),
                (#"{"acr":null,"www_authenticate":null}"#, RejectedToken(TokenRequest())),
            ] {
                let reply = try await server.exchange(.post(path, body, "Content-Type: application/json"))
                #expect(reply.status == 200, "\(body)")
                #expect(server.service.calls.last == .rejectToken(work, rejected), "\(body)")
            }
            let count = server.service.calls.count
            for body in [
                #"{"www_authenticate":"\#(longest)x"}"#, #"{"www_authenticate":["Bearer"]}"#, #"{"acr":""}"#,
                #"{"acr":"a  b"}"#, #"{"acr":"é"}"#, #"{"acr":"a","scope":"b"}"#, #"{"acr":"a","audience":"b"}"#,
                #"{"acr":["a"]}"#,
            ] {
                let reply = try await server.exchange(.post(path, body, "Content-Type: application/json"))
                #expect(reply.problem?.code == .badRequest, "\(body.prefix(60))")
            }
            #expect(server.service.calls.count == count)
        }
    }

    @Test("a request with acr reaches the agent with min_valid and wait; with anything else it is refused")
    func contexts() async throws {
        try await ServerFixture.serving { server in
            var request = TokenRequest(minimumValidity: 5, wait: 9)
            request.acrValues = ["phr", "urn:x:1"]
            #expect(try await server.exchange(.get("/v1/accounts/work/token?\(request.query)")).status == 200)
            #expect(server.service.calls.last == .token(work, request))
            let count = server.service.calls.count
            let long = String(repeating: "x", count: 257)
            for query in [
                "acr=", "acr=a%20%20b", "acr=%C3%A9", "acr=a%09b", "acr=\(long)", "acr=a&acr=b",
                "acr=" + (0...16).map { "a\($0)" }.joined(separator: "+"),
                "acr=a&id_token=true", "acr=a&newer_than=1", "acr=a&scope=b", "acr=a&resource=urn:b",
                "acr=a&audience=b",
            ] {
                for path in ["/v1/accounts/work/token?", "/v1/token?url=https://api.example/&"] {
                    let reply = try await server.exchange(.get(path + query))
                    #expect(reply.problem?.code == .badRequest, "\(path)\(query.prefix(60))")
                }
            }
            #expect(server.service.calls.count == count)
        }
    }
}
