import Agent
import AgentAPI
import OAuth
import TestSupport
import Testing
import Vault

/// A provider whose metadata has changed since the login.
struct ProviderChangeTests {
    private static let old = FakeProvider.issuer

    /// Logs in, and changes the metadata long after it.
    private func loggedIn(
        token: String = old + "/token", revocation: String = old + "/revocation", issuer: String = old
    ) async throws -> AgentFixture {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        change(fixture, token: token, revocation: revocation, issuer: issuer)
        return fixture
    }

    private func change(
        _ fixture: AgentFixture, token: String = old + "/token", revocation: String = old + "/revocation",
        issuer: String = old
    ) {
        let metadata = """
            {"issuer":"\(issuer)","device_authorization_endpoint":"\(Self.old)/device",
            "token_endpoint":"\(token)","revocation_endpoint":"\(revocation)"}
            """
        fixture.provider.script(.metadata, .json(200, metadata))
        fixture.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        // Longer than the token and the metadata are valid.
        fixture.time.advance(by: .seconds(7200))
    }

    private func requireRefusal(_ fixture: AgentFixture, naming what: String) async {
        await #expect {
            try await fixture.agent.token(fixture.name, TokenRequest())
        } throws: { error in
            guard let problem = error as? Problem else { return false }
            return problem.code == .providerChanged && problem.detail.contains("'\(what)'")
                && problem.hint == "if the provider has moved, run 'authagent login work'"
        }
    }

    @Test("a token endpoint on another host gets nothing; the login continues once the metadata is corrected")
    func tokenEndpoint() async throws {
        let fixture = try await loggedIn(token: "https://evil.example/token")
        await requireRefusal(fixture, naming: "evil.example")
        #expect(fixture.provider.urls(.token).allSatisfy { $0.hasPrefix(Self.old) })
        change(fixture)
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        #expect(fixture.provider.requests(.token).last?.contains("refresh_token=r1") == true)
    }

    @Test("the hosts of the login are stored with it")
    func restart() async throws {
        let fixture = try await loggedIn(token: "https://evil.example/token")
        let restarted = try AgentFixture(restarting: fixture)
        change(restarted, token: "https://evil.example/token")
        await requireRefusal(restarted, naming: "evil.example")
        #expect(restarted.provider.requests(.token).isEmpty)
    }

    @Test(
        "another path or port on the same host is followed",
        arguments: ["/v2/token", ":8443/token"])
    func sameHost(rest: String) async throws {
        let fixture = try await loggedIn(token: Self.old + rest)
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        #expect(fixture.provider.urls(.token).last == Self.old + rest)
    }

    @Test("metadata of another issuer gets nothing")
    func issuer() async throws {
        let fixture = try await loggedIn(issuer: "https://evil.example")
        await requireRefusal(fixture, naming: "https://evil.example")
        #expect(fixture.provider.requests(.token).count == 1)
    }

    @Test("a revocation endpoint on another host gets nothing, the logout says why, and renewals continue")
    func revocationEndpoint() async throws {
        let fixture = try await loggedIn(revocation: "https://evil.example/revocation")
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        let reply = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(!reply.revoked)
        #expect(reply.reason?.contains("'evil.example'") == true)
        #expect(fixture.provider.requests(.revocation).isEmpty)
    }

    @Test("a queued revocation is not sent to another host, and waits until the metadata is corrected")
    func pendingRevocation() async throws {
        let fixture = try await loggedIn()
        let restarted = try AgentFixture(restarting: fixture)
        restarted.provider.script(.metadata, .failure(.unreachable("no route")))
        let reply = try await restarted.agent.logout(fixture.name, LogoutRequest())
        #expect(reply.reason?.contains("the agent will try again") == true)

        let again = try AgentFixture(restarting: restarted)
        change(again, revocation: "https://evil.example/revocation")
        let running = Task { try await again.agent.run() }
        // By the second request it has processed the first reply.
        await eventually {
            again.time.advance(by: .seconds(1))
            return again.provider.requests(.metadata).count > 1
        }
        #expect(again.provider.requests(.revocation).isEmpty)
        change(again)
        await eventually {
            again.time.advance(by: .seconds(1))
            return again.keyring.records.isEmpty
        }
        #expect(again.provider.urls(.revocation) == [Self.old + "/revocation"])
        running.cancel()
        _ = await running.result
    }

    @Test("a new login and its renewals use the hosts of the current metadata")
    func newLogin() async throws {
        let fixture = try await loggedIn(token: "https://new.example/token")
        try await fixture.completeLogin(access: "b1", refresh: "s1")
        #expect(fixture.provider.urls(.token).last == "https://new.example/token")
        fixture.provider.script(.token, .grant(access: "b2"))
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "b2")
    }
}
