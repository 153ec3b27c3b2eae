import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

struct LoginExpiryTests {
    private func grant(refresh: String?, expiresIn: Int?) -> TokenGrant {
        TokenGrant(
            accessToken: SecretBytes("a2"), expiresIn: 3600, refreshToken: refresh.map { SecretBytes($0) },
            refreshExpiresIn: expiresIn)
    }

    private func login(_ fixture: VaultFixture, _ expiresIn: Int?) async {
        let client = AccountVault.GrantedClient(issuer: "https://issuer.example", id: "tv", secret: nil)
        let grant = grant(refresh: "r1", expiresIn: expiresIn)
        _ = await fixture.vault.adopt(grant, to: client, askedScope: [], requestedAt: fixture.time.now)
    }

    private func expiry(_ fixture: VaultFixture) -> LoginExpiry? { fixture.vault.snapshot(keepAlive: nil).loginExpiry }

    @Test("the expiry of a refresh token is stored with it, and moves with each new one")
    func moves() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(grant(refresh: "r2", expiresIn: 40_000))))
        await login(fixture, 50_000)
        let first = fixture.time.wall + 50_000
        #expect(fixture.storedCredential?.expiry == LoginExpiry(at: first, lifetime: 50_000))
        fixture.time.advance(by: .seconds(3600))
        _ = try await fixture.token()
        let second = LoginExpiry(at: fixture.time.wall + 40_000, lifetime: 50_000)
        #expect(fixture.storedCredential?.expiry == second)
        #expect(expiry(fixture) == second)
    }

    @Test("without a new refresh token the expiry stays; a new one without an expiry has none")
    func stays() async throws {
        let fixture = try VaultFixture(
            ScriptedRefresher(
                .renewed(grant(refresh: nil, expiresIn: nil)), .renewed(grant(refresh: "r2", expiresIn: nil))))
        await login(fixture, 50_000)
        let first = expiry(fixture)
        fixture.time.advance(by: .seconds(3600))
        _ = try await fixture.token()
        #expect(first != nil)
        #expect(expiry(fixture) == first)
        fixture.time.advance(by: .seconds(3600))
        _ = try await fixture.token()
        #expect(expiry(fixture) == nil)
    }

    @Test("a record of an older agent, or with a time out of range, is read without an expiry")
    func records() throws {
        let fixture = try VaultFixture()
        var credential = fixture.credential("r1")
        #expect(Credential(credential.record)?.expiry == nil)
        #expect(!credential.record.secret.revealedText().contains("refresh_expires_at"))
        credential.expiry = LoginExpiry(at: -5, lifetime: 10)
        #expect(Credential(credential.record)?.refreshToken == SecretBytes("r1"))
        #expect(Credential(credential.record)?.expiry == nil)
        credential.expiry = LoginExpiry(at: fixture.time.wall, lifetime: 10)
        #expect(Credential(credential.record) == credential)
    }

    @Test(
        "the warning comes in the last tenth of a login's life, and at most in its last week",
        arguments: [
            (180 * 86_400, 8 * 86_400, false), (180 * 86_400, 6 * 86_400, true), (86_400, 8_641, false),
            (86_400, 8_639, true), (1_800, 1_500, false), (1_800, -1, true),
        ])
    func near(lifetime: Int, left: Int, isNear: Bool) {
        #expect(LoginExpiry(at: 1_000_000_000 + left, lifetime: lifetime).isNear(at: 1_000_000_000) == isNear)
    }

    @Test("an account's own span replaces the default, and may be longer than a week")
    func span() {
        let expiry = LoginExpiry(at: 1_000_000_000, lifetime: 30 * 86_400)
        #expect(expiry.warningTime() == 1_000_000_000 - 3 * 86_400)
        #expect(expiry.warningTime(before: .seconds(14 * 86_400)) == 1_000_000_000 - 14 * 86_400)
        #expect(expiry.warningTime(before: .seconds(365 * 86_400)) == 1_000_000_000 - 15 * 86_400)
        #expect(!expiry.isNear(at: 999_999_000, before: .seconds(60)))
    }
}
