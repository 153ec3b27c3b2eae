import Agent
import AgentAPI
import FoundationEssentials
import TestSupport
import Testing
import Vault

/// Logins in memory beside the account's, and tokens by authentication context.
struct ElevatedLoginTests {
    private func file(_ fixture: IdentityFixture) throws -> String {
        try String(contentsOfFile: "\(fixture.agent.files.path)/user/work.toml", encoding: .utf8)
    }

    @Test("an elevated login is served by its context only, and leaves the account's login, file and record alone")
    func beside() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        let (records, before) = (fixture.agent.keyring.records.mapValues(\.secret), try file(fixture))
        let wall = fixture.agent.time.wall
        guard case .done(let result)? = try await fixture.elevate("phr", scopes: ["openid", "admin", "offline_access"])
        else { return #expect(Bool(false)) }
        #expect(result.elevated == true && result.acr == "phr" && result.subject == "ann")
        #expect(result.scope == "openid admin")
        #expect(fixture.agent.provider.requests(.device).last?.contains("offline_access") == false)
        #expect(fixture.agent.keyring.records.mapValues(\.secret) == records)
        #expect(try file(fixture) == before)

        let reply = try await fixture.token(acr: "phr").get()
        #expect(reply.accessToken == "e1" && reply.acr == "phr" && reply.scope == "openid admin")
        #expect(reply.authTime == wall)
        #expect(reply.expiresIn == 595 || reply.expiresIn == 600, "\(reply)")
        #expect(try await fixture.token(TokenRequest()).accessToken == "a1")
        var atOnce = TokenRequest()
        atOnce.acrValues = ["phr"]
        #expect(try fixture.agent.agent.tokenAtOnce(fixture.agent.name, atOnce)?.get() == reply)
        let status = try #require(try await fixture.status().elevated)
        #expect(status.map(\.acr) == ["phr"] && status.first?.authTime == wall)
        #expect(status.first?.expiresAt == reply.expiresAt)
        // Nothing of it is on the disk.
        let restarted = try IdentityFixture(restarting: fixture.agent)
        #expect(try await restarted.status().elevated == nil)
        await #expect(restarted.token(acr: "phr").isStepUp)
    }

    @Test("without a login in the context the reply is login_required with the command; nothing is requested")
    func missing() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        let count = fixture.agent.provider.requests(.token).count
        guard case .failure(let problem) = await fixture.token(acr: "phr", "it's") else {
            return #expect(Bool(false))
        }
        #expect(problem.code == .loginRequired && problem.reason == "step_up_required")
        #expect(problem.hint == #"run 'authagent login work --acr 'phr it'\''s' --elevate'"#)
        #expect(fixture.agent.provider.requests(.token).count == count)
    }

    @Test("the first context of a request that a login has decides; the account's own login counts as well")
    func order() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        try await fixture.elevate("phr", access: "e1")
        try await fixture.elevate("phrh", access: "e2")
        #expect(try await fixture.token(acr: "phrh", "phr").get().accessToken == "e2")
        #expect(try await fixture.token(acr: "phr", "phrh").get().accessToken == "e1")
        #expect(try await fixture.token(acr: "x", "1", "phr").get().accessToken == "a1")
        #expect(try await fixture.token(acr: "x", "phr", "1").get().accessToken == "e1")
        #expect(try await fixture.status().elevated?.map(\.acr) == ["phrh", "phr"])
        // A later login in the same context takes the place of the earlier one.
        try await fixture.elevate("phr", access: "e3")
        #expect(try await fixture.token(acr: "phr").get().accessToken == "e3")
        #expect(try await fixture.status().elevated?.map(\.acr) == ["phr", "phrh"])
        // No memory for contexts without end.
        for context in 0..<8 { try await fixture.elevate("c\(context)") }
        #expect(try await fixture.status().elevated?.count == 8)
        await #expect(fixture.token(acr: "phr").isStepUp)
    }

    @Test("an elevated token is not renewed: near its expiry it is not served, and a short one is with a note")
    func expiry() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        try await fixture.elevate("phr", expiresIn: 300)
        let short = try await fixture.token(acr: "phr", minimumValidity: 3600).get()
        #expect(short.accessToken == "e1" && short.note?.contains("below") == true)
        fixture.agent.time.advance(by: .seconds(250))
        #expect(try await fixture.token(acr: "phr", minimumValidity: 10).get().accessToken == "e1")
        await #expect(fixture.token(acr: "phr").isStepUp)
        fixture.agent.time.advance(by: .seconds(50))
        await #expect(fixture.token(acr: "phr", minimumValidity: 0).isStepUp)
        #expect(try await fixture.status().elevated == nil)
        #expect(!fixture.agent.provider.requests(.token).contains { $0.contains("refresh_token=er1") })
    }

    @Test("a token without a known lifetime is elevated for ten minutes")
    func unknownLifetime() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        try await fixture.elevate("phr", refresh: nil, expiresIn: nil)
        #expect(try await fixture.token(acr: "phr").get().expiresIn == nil)
        fixture.agent.time.advance(by: .seconds(600))
        await #expect(fixture.token(acr: "phr").isStepUp)
    }

    @Test("elevated logins end with a lock, another person's login and a logout, which revokes them")
    func ends() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        try await fixture.elevate("phr")
        _ = try await fixture.agent.agent.lock(LockRequest())
        guard case .failure(let problem) = await fixture.token(acr: "phr") else { return #expect(Bool(false)) }
        #expect(problem.code == .locked)
        _ = try await fixture.agent.agent.unlock(UnlockRequest())
        await #expect(fixture.token(acr: "phr").isStepUp)

        try await fixture.elevate("phr")
        try await fixture.logIn(acr: "1")
        #expect(try await fixture.token(acr: "phr").get().accessToken == "e1")
        _ = try await fixture.logIn(try fixture.idToken(acr: "1", ["sub": #""eve""#]))
        await #expect(fixture.token(acr: "phr").isStepUp)
        try await fixture.logIn(acr: "1")
        #expect(fixture.agent.provider.requests(.revocation).isEmpty)

        try await fixture.elevate("phr", refresh: "er2")
        try await fixture.elevate("phrh", access: "e9", refresh: nil)
        let reply = try await fixture.agent.agent.logout(fixture.agent.name, LogoutRequest())
        #expect(reply.revoked && reply.reason == nil)
        let revoked = fixture.agent.provider.requests(.revocation).map { $0.prefix { $0 != "&" } }
        #expect(revoked.first == "token=r1")
        #expect(Set(revoked) == ["token=r1", "token=er2", "token=e9"])
        await #expect(fixture.token(acr: "phr").isStepUp)
    }

    @Test("a logout on this machine only revokes no elevated login; one that fails is in the reason")
    func endsAlone() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        try await fixture.elevate("phr")
        _ = try await fixture.agent.agent.logout(fixture.agent.name, LogoutRequest(local: true))
        #expect(fixture.agent.provider.requests(.revocation).isEmpty)
        try await fixture.logIn(acr: "1")
        try await fixture.elevate("phr")
        fixture.agent.provider.script(.revocation, .json(200, ""), .json(503, ""))
        let reply = try await fixture.agent.agent.logout(fixture.agent.name, LogoutRequest())
        #expect(reply.revoked)
        #expect(reply.reason?.contains("elevated login is forgotten, and not revoked") == true, "\(reply)")
    }

    @Test("an elevated login of another person is refused and revoked; beside an unknown person none begins")
    func person() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        guard case .failed(let failure)? = try await fixture.elevate("phr", changes: ["sub": #""eve""#]) else {
            return #expect(Bool(false))
        }
        #expect(failure.code == "wrong_subject")
        #expect(failure.detail.contains("'eve'") && failure.detail.contains("'ann'"))
        #expect(fixture.agent.provider.requests(.revocation).contains { $0.hasPrefix("token=er1") })
        #expect(try await fixture.status().elevated == nil)
        let anonymous = try IdentityFixture()
        _ = try await anonymous.logIn(nil)
        let log = try await anonymous.agent.login(IdentityFixture.demanding("phr", elevate: true, settings: nil))
        guard case .failed(let unknown)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(unknown.code == "configuration_error" && unknown.hint.contains("expected_subject"))
        #expect(anonymous.agent.provider.requests(.device).count == 1)
        _ = try await fixture.agent.agent.logout(fixture.agent.name, LogoutRequest())
        let none = try await fixture.agent.login(IdentityFixture.demanding("phr", elevate: true, settings: nil))
        guard case .failed(let signedOut)? = await none.events().last else { return #expect(Bool(false)) }
        #expect(signedOut.hint == "run 'authagent login work' first")
    }

    @Test("an elevated login without the demanded context leaves everything as it is, and is not revoked")
    func unmet() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        fixture.agent.provider.script(
            .token, .grant(access: "e1", refresh: "er1", idToken: try fixture.idToken(acr: "1")))
        let log = try await fixture.agent.login(IdentityFixture.demanding("phr", elevate: true, settings: nil))
        await fixture.agent.passInterval()
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "step_up_unmet" && failure.hint.contains("run the same command again"))
        #expect(fixture.agent.provider.requests(.revocation).isEmpty)
        #expect(try await fixture.status().elevated == nil)
        #expect(try await fixture.token(TokenRequest()).accessToken == "a1")
    }

    @Test("an elevated login of an unknown account, another client or store, or with a secret, is refused")
    func refused() async throws {
        let fixture = try IdentityFixture()
        await #expect { try await fixture.agent.login(IdentityFixture.demanding("phr", elevate: true)) } throws: {
            ($0 as? Problem)?.code == .unknownAccount
        }
        try await fixture.logIn(acr: "1")
        var store = AgentFixture.settings
        store.store = "memory"
        for settings in [
            LoginSettings(clientID: "other"), LoginSettings(issuer: "https://other.example", clientID: "tv"), store,
            LoginSettings(clientID: "tv", clientSecret: "s3cret"),
        ] {
            let request = IdentityFixture.demanding("phr", elevate: true, settings: settings)
            await #expect { try await fixture.agent.login(request) } throws: { ($0 as? Problem)?.code == .badRequest }
        }
    }

    @Test("beside a login whose store cannot be read, an elevated one is refused before anything is requested")
    func stores() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        let restarted = try IdentityFixture(restarting: fixture.agent)
        restarted.agent.keyring.fail(StoreFailure(.locked, "the keyring is locked"))
        let log = try await restarted.agent.login(IdentityFixture.demanding("phr", elevate: true, settings: nil))
        guard case .failed(let failure)? = await log.events().last else { return #expect(Bool(false)) }
        #expect(failure.code == "store_locked")
        #expect(restarted.agent.provider.requests(.device).isEmpty)
    }

    @Test("under a scope bound an elevated token is served only within it")
    func bound() async throws {
        let fixture = try IdentityFixture()
        try await fixture.logIn(acr: "1")
        fixture.agent.provider.script(
            .token, .grant(access: "e1", idToken: try fixture.idToken(acr: "phr"), scope: "openid admin"))
        let log = try await fixture.agent.login(IdentityFixture.demanding("phr", elevate: true, settings: nil))
        await fixture.agent.passInterval()
        _ = await log.events()
        let narrow = CallerLimits(bound: .scopes("openid"))
        guard case .failure(let problem) = await fixture.token(acr: "phr", within: narrow) else {
            return #expect(Bool(false))
        }
        #expect(problem.code == .forbidden && problem.reason == "scope_not_allowed")
        let wide = CallerLimits(bound: .scopes("openid", "admin"))
        #expect(try await fixture.token(acr: "phr", within: wide).get().accessToken == "e1")
    }

    @Test("the event of an elevated login says so, and its expiry empties memory without a request")
    func events() async throws {
        let fixture = try IdentityFixture()
        let running = Task { try? await fixture.agent.agent.run() }
        defer { running.cancel() }
        try await fixture.logIn(acr: "1")
        let watch = fixture.agent.agent.events(after: nil)
        try await fixture.elevate("phr", expiresIn: 300)
        var iterator = watch.events.makeAsyncIterator()
        while let event = await iterator.next() {
            guard event.news.kind == .loggedIn else { continue }
            #expect(event.news.reason == "elevated")
            break
        }
        #expect(try await fixture.status().elevated?.count == 1)
        await eventually { fixture.agent.time.hasSleeper(within: .seconds(300)) }
        fixture.agent.time.advance(by: .seconds(300))
        #expect(try await fixture.status().elevated == nil)
    }
}

extension Result<TokenReply, Problem> {
    /// Whether another login is required for the requested context.
    var isStepUp: Bool {
        if case .failure(let problem) = self { problem.reason == "step_up_required" } else { false }
    }
}
