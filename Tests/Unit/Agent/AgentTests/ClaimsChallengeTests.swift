import Agent
import AgentAPI
import TestSupport
import Testing

/// `POST …/token/rejected` with claims that a service demands, as Microsoft Entra's do.
struct ClaimsChallengeTests {
    /// The base64 of `{"access_token":{"acrs":{"essential":true,"value":"p1"}}}`.
    private static let claims = "eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJlc3NlbnRpYWwiOnRydWUsInZhbHVlIjoicDEifX19"
    private static let challenge =
        #"Bearer realm="", error="insufficient_claims", claims="\#(claims)""#
    private static let command =
        #"authagent login work --claims '{"access_token":{"acrs":{"essential":true,"value":"p1"}}}'"#

    private func fixture() async throws -> IdentityFixture {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        return fixture
    }

    @Test("the claims are sent decoded with one renewal, whose token is the account's from then on")
    func renewed() async throws {
        let fixture = try await fixture()
        fixture.agent.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        let reply = try await fixture.reject(Self.challenge, of: "a1")
        #expect(reply == TokenRejectionReply(account: fixture.agent.name, result: .renewed))
        let form = try #require(fixture.agent.provider.requests(.token).last)
        #expect(form.contains("claims=%7B%22access_token%22%3A%7B%22acrs%22"), "\(form)")
        #expect(try await fixture.token(TokenRequest()).accessToken == "a2")
        let count = fixture.agent.provider.requests(.token).count
        // A caller that had the old token; and one that does not know which it had.
        #expect(try await fixture.reject(Self.challenge, of: "a1").reason == "another_token")
        let unsure = try await fixture.reject(Self.challenge)
        #expect(unsure.result == .kept && unsure.reason == "renewed_lately" && unsure.command == Self.command)
        // The service refuses the very token that came with its claims: another renewal would bring the same.
        let again = try await fixture.reject(Self.challenge, of: "a2")
        #expect(again.result == .stepUp && again.command == Self.command)
        #expect(fixture.agent.provider.requests(.token).count == count)
        // Later renewals are as usual.
        fixture.agent.time.advance(by: .seconds(3600))
        fixture.agent.provider.script(.token, .grant(access: "a3"))
        #expect(try await fixture.token(TokenRequest()).accessToken == "a3")
        #expect(fixture.agent.provider.requests(.token).last?.contains("claims") == false)
    }

    @Test("a provider that demands a login for the claims leaves the account as it is; one attempt in a minute")
    func refused() async throws {
        let fixture = try await fixture()
        fixture.agent.provider.script(.token, .error("interaction_required"))
        let count = fixture.agent.provider.requests(.token).count
        for _ in 0..<3 {
            let reply = try await fixture.reject(Self.challenge, of: "a1")
            #expect(reply.result == .stepUp && reply.reason == "insufficient_claims")
            #expect(reply.command == Self.command)
        }
        let other = #"Bearer error="insufficient_claims", claims="eyJhIjoxfQ""#
        #expect(try await fixture.reject(other).command == #"authagent login work --claims '{"a":1}'"#)
        #expect(fixture.agent.provider.requests(.token).count == count + 1)
        let status = try await fixture.status()
        #expect(status.state == .ok && status.lastError == nil, "\(status)")
        #expect(try await fixture.token(TokenRequest()).accessToken == "a1")
        fixture.agent.time.advance(by: .seconds(60))
        fixture.agent.provider.script(.token, .grant(access: "a2"))
        #expect(try await fixture.reject(Self.challenge, of: "a1").result == .renewed)
    }

    @Test("invalid_grant for claims ends a login only if a renewal without them fails as well")
    func deadGrant() async throws {
        let alive = try await fixture()
        alive.agent.provider.script(.token, .error("invalid_grant"), .grant(access: "a2", refresh: "r2"))
        #expect(try await alive.reject(Self.challenge).result == .stepUp)
        #expect(try await alive.token(TokenRequest()).accessToken == "a2")
        let dead = try await fixture()
        dead.agent.provider.script(.token, .error("invalid_grant"))
        await #expect { try await dead.reject(Self.challenge) } throws: {
            ($0 as? Problem)?.code == .loginRequired && ($0 as? Problem)?.reason == "invalid_grant"
        }
    }

    @Test("an outage during a renewal with claims is an outage, and a refused client a refused client")
    func outage() async throws {
        let fixture = try await fixture()
        fixture.agent.provider.script(.token, .json(503, "{}"))
        await #expect { try await fixture.reject(Self.challenge) } throws: {
            ($0 as? Problem)?.code == .providerUnreachable
        }
        let client = try await self.fixture()
        client.agent.provider.script(.token, .error("invalid_client", status: 401))
        await #expect { try await client.reject(Self.challenge) } throws: {
            ($0 as? Problem)?.code == .providerRejected
        }
    }

    @Test("a plain request does not join a renewal with claims, and decides again after it")
    func beside() async throws {
        let fixture = try await fixture()
        fixture.agent.time.advance(by: .seconds(3600))
        fixture.agent.provider.script(.token, .error("interaction_required"), .grant(access: "a2", refresh: "r2"))
        let gate = Gate()
        fixture.agent.provider.hold(at: gate)
        async let rejected = fixture.reject(Self.challenge)
        await gate.arrived()
        async let token = fixture.token(TokenRequest())
        for _ in 0..<100 { await Task.yield() }
        gate.open()
        #expect(try await rejected.result == .stepUp)
        #expect(try await token.accessToken == "a2")
    }

    @Test("claims in other characters than ASCII are escaped in the command")
    func command() async throws {
        let fixture = try await fixture()
        fixture.agent.provider.script(.token, .error("interaction_required"))
        // {"a":"é😀'"} with a line break between two tokens.
        let text = "eyJhIjoKICLDqfCfmIAnIn0="
        let reply = try await fixture.reject(#"Bearer error="insufficient_claims", claims="\#(text)""#)
        #expect(reply.command == #"authagent login work --claims '{"a":"\u00e9\ud83d\ude00'\''"}'"#)
    }
}
