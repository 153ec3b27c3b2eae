import Agent
import AgentAPI
import Foundation
import OAuth
import TestSupport
import Testing

/// Tokens for a part of a login's scopes, a resource or an audience.
struct TargetTests {
    private func problem(_ fixture: AgentFixture, _ target: TokenTarget?) async -> Problem? {
        do throws(Problem) {
            _ = try await fixture.agent.token(fixture.name, TokenRequest(target: target))
            return nil
        } catch {
            return error
        }
    }

    private func scoped(_ access: String, _ scope: String) -> FakeProvider.Answer {
        .json(200, #"{"access_token":"\#(access)","token_type":"Bearer","expires_in":3600,"scope":"\#(scope)"}"#)
    }

    @Test("scopes, resources and audience are in the refresh request, and the reply has the token's scope")
    func asked() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.token, scoped("n1", "mail"))
        let target = try TokenTarget(scopes: ["mail"], resources: ["urn:a", "urn:b"], audience: "api")
        let request = TokenRequest(target: target)
        let reply = try await fixture.agent.token(fixture.name, request)
        #expect(reply.accessToken == "n1")
        #expect(reply.scope == "mail")
        #expect(fixture.agent.tokenAtOnce(fixture.name, request) == .success(reply))
        let body = try #require(fixture.provider.requests(.token).last)
        #expect(body.contains("&scope=mail&resource=urn%3Aa&resource=urn%3Ab&audience=api&"), "\(body)")
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a1")
        #expect(try await fixture.agent.status(of: fixture.name).scope == "openid")
    }

    @Test("scope_not_granted names the login's scopes and the command to run, and the account stays ok")
    func notGranted() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.token, .error("invalid_scope"))
        let target = try TokenTarget(scopes: ["mail"])
        let refused = await problem(fixture, target)
        #expect(refused?.code == .scopeNotGranted)
        #expect(refused?.reason == "invalid_scope")
        #expect(
            refused?.detail
                == "the provider of 'work' does not grant the scope 'mail': invalid_scope; the login has 'openid'")
        #expect(
            refused?.hint == "run 'authagent login work --scope mail', with the other scopes that are needed")
        #expect(await problem(fixture, target) == refused)
        #expect(fixture.provider.requests(.token).count == 2)
        let status = try await fixture.agent.status(of: fixture.name)
        #expect(status.state == .ok)
        #expect(status.lastError == nil)
    }

    @Test("a token with fewer scopes than requested is not served, and the granted ones are named")
    func narrower() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.token, scoped("n1", "files"))
        let refused = await problem(fixture, try TokenTarget(scopes: ["files", "$(x)"]))
        #expect(refused?.reason == "narrower")
        #expect(refused?.detail.contains("does not grant the scope '$(x)'; it granted 'files'") == true)
        // Only scopes without special characters are put into a command.
        #expect(refused?.hint?.contains("--scope SCOPE'") == true)
    }

    @Test("a token with more scopes than requested is served with a note: the provider did not refuse")
    func more() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.token, scoped("n1", "mail admin"))
        let request = TokenRequest(target: try TokenTarget(scopes: ["mail"]))
        let reply = try await fixture.agent.token(fixture.name, request)
        #expect(reply.accessToken == "n1")
        #expect(reply.note == "the provider granted more scopes than requested: 'admin'")
    }

    @Test("a refused resource is the same problem with another reason")
    func invalidTarget() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.token, .error("invalid_target"))
        let refused = await problem(fixture, try TokenTarget(resources: ["urn:a"]))
        #expect(refused?.code == .scopeNotGranted)
        #expect(refused?.reason == "invalid_target")
        #expect(refused?.hint?.contains("--resource") == true)
    }

    @Test("Entra's invalid_grant for one scope is checked with the login's own token, and ends no login")
    func consent() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(
            .token,
            .json(400, #"{"error":"invalid_grant","suberror":"consent_required","error_description":"AADSTS65001"}"#),
            .grant(access: "a2", refresh: "r2"))
        let refused = await problem(fixture, try TokenTarget(scopes: ["mail"]))
        #expect(refused?.code == .scopeNotGranted)
        #expect(refused?.reason == "refused")
        #expect(refused?.detail.contains("AADSTS65001") == true)
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == "a2")
        #expect(try await fixture.agent.status(of: fixture.name).state == .ok)
    }

    @Test("the ID token beside a narrower token is the login's, whatever came with the narrower one")
    func idToken() async throws {
        let fixture = try IdentityFixture()
        let idToken = try fixture.idToken()
        _ = try await fixture.logIn(idToken)
        fixture.agent.provider.script(
            .token, .grant(access: "n1", idToken: try fixture.idToken(["email": #""other@example.com""#])))
        let target = try TokenTarget(scopes: ["openid"])
        let reply = try await fixture.token(TokenRequest(includesIDToken: true, target: target))
        #expect(reply.accessToken == "n1")
        #expect(reply.idToken == idToken)
        #expect(try await fixture.token(TokenRequest(target: target)).idToken == nil)
        let request = TokenRequest(includesIDToken: true, target: target)
        #expect(fixture.agent.agent.tokenAtOnce(fixture.agent.name, request) == .success(reply))
        #expect(try await fixture.status().email == "ann@example.com")
    }

    @Test("an account whose refreshes invalidate earlier tokens does not serve those", arguments: [true, false])
    func endedTokens(ends: Bool) async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        let file = fixture.files.path + "/user/work.toml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try (text + "refresh_ends_tokens = \(ends)\n").write(toFile: file, atomically: false, encoding: .utf8)
        try await fixture.agent.reload()
        fixture.provider.script(.token, scoped("n1", "mail"), .grant(access: "a2"))
        _ = try await fixture.agent.token(fixture.name, TokenRequest(target: try TokenTarget(scopes: ["mail"])))
        #expect(try await fixture.agent.token(fixture.name, TokenRequest()).accessToken == (ends ? "a2" : "a1"))
    }

    @Test("a reload with changed settings drops the account's narrower tokens; one without changes keeps them")
    func reload() async throws {
        let fixture = try AgentFixture()
        try await fixture.completeLogin()
        fixture.provider.script(.token, scoped("n1", "mail"))
        let request = TokenRequest(target: try TokenTarget(scopes: ["mail"]))
        // The file names the defaults as well.
        try await fixture.agent.reload()
        _ = try await fixture.agent.token(fixture.name, request)
        try await fixture.agent.reload()
        #expect(fixture.agent.tokenAtOnce(fixture.name, request) != nil)
        let file = fixture.files.path + "/user/work.toml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try (text + "scope_parameter = \"scopes\"\n").write(toFile: file, atomically: false, encoding: .utf8)
        try await fixture.agent.reload()
        #expect(fixture.agent.tokenAtOnce(fixture.name, request) == nil)
        _ = try await fixture.agent.token(fixture.name, request)
        #expect(fixture.provider.requests(.token).last?.contains("&scopes=mail") == true)
    }
}
