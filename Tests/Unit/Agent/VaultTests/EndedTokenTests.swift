import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

/// Providers at which a refresh ends every access token that came before it, as GitLab does.
struct EndedTokenTests {
    private let mail: TokenTarget
    private let files: TokenTarget

    init() throws {
        mail = try #require(try TokenTarget(scopes: ["mail"]))
        files = try #require(try TokenTarget(scopes: ["files"]))
    }

    private func fixture(_ script: RefreshReply...) async throws -> VaultFixture {
        let fixture = try VaultFixture()
        fixture.refresher.answer(script)
        fixture.refresher.endTokens()
        await fixture.loggedIn()
        return fixture
    }

    private func token(
        _ fixture: VaultFixture, _ target: TokenTarget?, _ minimumValidity: Int = 60
    ) async throws(TokenFailure) -> String {
        try await fixture.vault.token(minimumValidity: .seconds(minimumValidity), for: target).token.secret
            .revealedText()
    }

    @Test("a refresh for one scope ends the login's own token and the tokens for other scopes")
    func byTarget() async throws {
        let fixture = try await fixture(
            .renewed(access: "m1", refresh: "r2"), .renewed(access: "f1", refresh: "r3"),
            .renewed(access: "a2", refresh: "r4"))
        #expect(try await token(fixture, mail) == "m1")
        #expect(try await token(fixture, files) == "f1")
        #expect(fixture.vault.tokenAtOnce(minimumValidity: .zero, for: mail) == nil)
        #expect(try await token(fixture, nil) == "a2")
        #expect(fixture.vault.tokenAtOnce(minimumValidity: .zero, for: files) == nil)
        #expect(fixture.refresher.targets == [mail, files, nil])
    }

    @Test("a refresh without a new refresh token ends the earlier access tokens as well")
    func withoutRotation() async throws {
        let fixture = try await fixture(.renewed(access: "m1"), .renewed(access: "a2"))
        #expect(try await token(fixture, mail) == "m1")
        #expect(try await token(fixture, nil) == "a2")
        #expect(fixture.vault.tokenAtOnce(minimumValidity: .zero, for: mail) == nil)
    }

    @Test("a token that has ended is not served during an outage")
    func outage() async throws {
        let fixture = try await fixture(.renewed(access: "m1", refresh: "r2"), .down)
        #expect(try await token(fixture, mail) == "m1")
        await #expect(throws: TokenFailure.providerUnreachable(detail: "no route")) {
            try await token(fixture, nil, 0)
        }
    }

    @Test("a grant that is not used ends the earlier tokens all the same", arguments: [true, false])
    func unused(isOwn: Bool) async throws {
        let fixture = try await fixture(.renewed(access: "m1", refresh: "r2", scope: ["mail"]), .renewed(access: "x"))
        #expect(try await token(fixture, mail) == "m1")
        fixture.refresher.identify(as: .refused(IdentityRefusal(.wrongSubject, "another person")))
        await #expect { try await token(fixture, isOwn ? nil : files) } throws: {
            if case TokenFailure.identityRefused = $0 { true } else { false }
        }
        if case .success? = fixture.vault.tokenAtOnce(minimumValidity: .zero, for: mail) { Issue.record("served") }
    }

    @Test("when the access tokens end, the ID token stays until it expires")
    func idToken() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "m1"), .renewed(access: "a2")))
        fixture.refresher.endTokens()
        let held = HeldIDToken(secret: SecretBytes("id"), checkedAt: fixture.time.now, secondsLeft: 3600)
        let grant = TokenGrant(
            accessToken: SecretBytes("a1"), tokenType: "Bearer", expiresIn: 3600, refreshToken: SecretBytes("r1"),
            scope: nil, idToken: nil)
        let client = AccountVault.GrantedClient(issuer: "https://issuer.example", id: "tv", secret: nil)
        let identity = Identity(issuer: "https://issuer.example", subject: "ann", audience: ["tv"])
        _ = await fixture.vault.adopt(
            grant, to: client, of: .init(identity: identity, idToken: held, missing: nil), askedScope: ["openid"],
            requestedAt: fixture.time.now)
        _ = try await token(fixture, mail)
        let served = try await fixture.vault.token(minimumValidity: .zero, needsIDToken: true)
        #expect(served.token.secret == SecretBytes("a2"))
        #expect(served.token.idToken == held)
    }

    @Test("a token that has ended is not renewed without a request")
    func unasked() async throws {
        let fixture = try await fixture(.renewed(access: "m1", refresh: "r2"))
        #expect(try await token(fixture, nil) == "a1")
        #expect(try await token(fixture, mail) == "m1")
        #expect(fixture.vault.snapshot(keepAlive: nil).nextRefresh == nil)
        fixture.time.advance(by: .seconds(3600))
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.refresher.spent == ["r1"])
    }
}
