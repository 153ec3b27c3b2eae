import Agent
import AgentAPI
import TestSupport
import Testing

/// The resources and audiences of tokens under a rule's bound.
struct TargetBoundTests {
    private func target(_ resources: [String] = [], _ audience: String? = nil) throws -> TokenTarget? {
        try TokenTarget(resources: resources, audience: audience)
    }

    @Test("a resource or audience beyond the bound is refused before the provider hears of it")
    func foreign() async throws {
        let fixture = try await AgentFixture.loggedIn(["read", "admin"], granted: "read admin")
        let count = fixture.provider.requests(.token).count
        let bounds = [
            TokenBound.scopes("read"), TokenBound(resources: ["https://api.example"], audiences: []),
            TokenBound(audiences: ["API", "https://api.example/"]),
        ]
        for bound in bounds {
            for target in [
                try target(["https://api.example/"]), try target([], "api"), try target(["https://API.example"]),
                try target(["https://api.example/", "https://api.example"], "API"),
            ] {
                let request = BoundRequest(target: target, bound: bound)
                let problem = await fixture.refusal(request)
                #expect(problem?.code == .forbidden)
                #expect(problem?.reason == "target_not_allowed", "\(bound) \(target as Any)")
                guard case .failure(let atOnce)? = fixture.agent.tokenAtOnce(fixture.name, request) else {
                    Issue.record("the request is not refused from memory")
                    return
                }
                #expect(atOnce == problem)
            }
        }
        #expect(fixture.provider.requests(.token).count == count)
    }

    @Test("the rule's resources and audiences are allowed; without a target a token has the account's")
    func listed() async throws {
        let fixture = try await AgentFixture.loggedIn(["read"], granted: "read")
        fixture.provider.script(.token, .token("n1", scope: "read"))
        let bound = TokenBound(resources: ["urn:a", "urn:b"], audiences: ["api"])
        for target in [try target(["urn:b"]), try target(["urn:b", "urn:a"], "api"), try target([], "api")] {
            #expect(await fixture.refusal(BoundRequest(target: target, bound: bound)) == nil)
        }
        #expect(try await fixture.agent.token(fixture.name, BoundRequest(bound: bound)).accessToken == "a1")
    }

    @Test("the account's own resources and audience are always allowed, each as its own kind")
    func own() async throws {
        let fixture = try await AgentFixture.loggedIn(["read"], granted: "read")
        try await fixture.configure("audience = \"own\"\nresources = [\"urn:own\", \"urn:own:2\"]\n")
        fixture.provider.script(.token, .token("n1", scope: "read"))
        let bound = TokenBound.scopes("read")
        for target in [try target(["urn:own:2"]), try target(["urn:own", "urn:own:2"], "own"), try target([], "own")] {
            #expect(await fixture.refusal(BoundRequest(target: target, bound: bound)) == nil)
        }
        // A resource is not allowed as an audience.
        #expect(
            await fixture.refusal(BoundRequest(target: try target([], "urn:own"), bound: bound))?.reason
                == "target_not_allowed")
        #expect(
            await fixture.refusal(BoundRequest(target: try target(["urn:own:3"]), bound: bound))?.reason
                == "target_not_allowed")
    }

    @Test("without a bound any resource and audience is requested")
    func unbound() async throws {
        let fixture = try await AgentFixture.loggedIn(["read"], granted: "read")
        fixture.provider.script(.token, .token("n1", scope: "read"))
        #expect(await fixture.refusal(TokenRequest(target: try target(["urn:x"], "y"))) == nil)
    }
}
