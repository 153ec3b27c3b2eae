import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

struct IdentityTests {
    static let ann = Identity(
        issuer: "https://issuer.example", subject: "ann", audience: ["tv"], email: "ann@example.com", name: "Ann"
    )

    /// A vault after a login of Ann's, whose refresh token rotates from r1 to r2.
    private func loggedIn(
        renewalSays verdict: IdentityVerdict, identity: Identity? = ann, idTokenLife: Int? = 300,
        missing: NoIDToken? = nil, refresh: String? = "r2"
    ) async throws -> VaultFixture {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", refresh: refresh)))
        fixture.refresher.identify(as: verdict)
        let grant = TokenGrant(accessToken: SecretBytes("a1"), expiresIn: 3600, refreshToken: SecretBytes("r1"))
        _ = await fixture.vault.adopt(
            grant, to: .init(issuer: "https://issuer.example", id: "tv", secret: nil),
            of: .init(identity: identity, idToken: idTokenLife.map { held("i1", $0, fixture) }, missing: missing),
            askedScope: ["openid"], requestedAt: fixture.time.now
        )
        return fixture
    }

    private func held(_ token: String, _ life: Int, _ fixture: VaultFixture) -> HeldIDToken {
        HeldIDToken(secret: SecretBytes(token), checkedAt: fixture.time.now, secondsLeft: life)
    }

    private func idToken(_ fixture: VaultFixture) async throws(TokenFailure) -> String? {
        try await fixture.vault.token(minimumValidity: .seconds(60), needsIDToken: true).token.idToken?.secret
            .revealedText()
    }

    @Test("the identity is stored with the login, and a record without one is still read")
    func record() async throws {
        let fixture = try await loggedIn(renewalSays: .absent)
        #expect(fixture.storedCredential?.identity == Self.ann)
        let stored = try #require(fixture.store.records[fixture.key]?.secret.revealedText())
        #expect(!stored.contains("i1"), "the ID token itself is in no store")
        let old = fixture.credential("r1")
        #expect(old.identity == nil)
        #expect(try #require(Credential(old.record)) == old)
        #expect(!old.record.secret.revealedText().contains("identity"))
    }

    @Test(
        "O2: a renewal with another iss, sub or aud is not served, and the login is kept",
        arguments: [
            (Identity(issuer: "https://other.example", subject: "ann", audience: ["tv"]), "issuer_changed"),
            (Identity(issuer: "https://issuer.example", subject: "eve", audience: ["tv"]), "subject_changed"),
            (Identity(issuer: "https://issuer.example", subject: "ann", audience: ["tv", "x"]), "audience_changed"),
        ])
    func quarantine(other: Identity, reason: String) async throws {
        let fixture = try await loggedIn(renewalSays: .verified(other, idToken: nil, timing: nil))
        fixture.time.advance(by: .seconds(3590))
        let served = try await fixture.vault.token(minimumValidity: .seconds(60))
        #expect(served.token.secret == SecretBytes("a1"), "the old one is good until it expires")
        fixture.time.advance(by: .seconds(600))
        await #expect {
            try await fixture.token(0)
        } throws: {
            guard case .identityRefused(let refusal)? = $0 as? TokenFailure else { return false }
            return refusal.reason.rawValue == reason
        }
        let snapshot = fixture.vault.snapshot(keepAlive: nil)
        #expect(snapshot.login == .active)
        #expect(snapshot.identity == Self.ann)
        guard case .identityRefused? = snapshot.lastFailure else { return #expect(Bool(false), "\(snapshot)") }
    }

    @Test("O2: a quarantined renewal's refresh token is kept, and a valid renewal ends the quarantine")
    func rotation() async throws {
        let eve = Identity(issuer: "https://issuer.example", subject: "eve", audience: ["tv"])
        let fixture = try await loggedIn(renewalSays: .verified(eve, idToken: nil, timing: nil))
        fixture.time.advance(by: .seconds(3600))
        await #expect(throws: TokenFailure.self) { try await fixture.token() }
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
        #expect(fixture.storedCredential?.identity == Self.ann)
        await #expect(throws: TokenFailure.self) { try await fixture.token() }
        #expect(fixture.refresher.spent == ["r1"], "no hammering")

        fixture.refresher.identify(as: .verified(Self.ann, idToken: held("i2", 4000, fixture), timing: nil))
        fixture.refresher.answer(.renewed(access: "a3", refresh: "r3"))
        fixture.time.advance(by: .seconds(2))
        #expect(try await fixture.token() == "a3")
        #expect(fixture.refresher.spent == ["r1", "r2"])
        #expect(fixture.vault.snapshot(keepAlive: nil).lastFailure == nil)
        #expect(try await idToken(fixture) == "i2")
    }

    @Test("O1: a renewal with a forged ID token is quarantined")
    func forged() async throws {
        let fixture = try await loggedIn(
            renewalSays: .refused(IdentityRefusal(.invalid, "its signature is wrong")), identity: nil)
        fixture.time.advance(by: .seconds(3600))
        await #expect(
            throws: TokenFailure.identityRefused(IdentityRefusal(.invalid, "its signature is wrong"))
        ) { try await fixture.token() }
    }

    @Test("a broken ID token that was not requested does not stop a renewal")
    func notAskedFor() async throws {
        let fixture = try VaultFixture()
        fixture.refresher.identify(as: .refused(IdentityRefusal(.invalid, "its signature is wrong")))
        let grant = TokenGrant(accessToken: SecretBytes("a1"), expiresIn: 3600, refreshToken: SecretBytes("r1"))
        _ = await fixture.vault.adopt(
            grant, to: .init(issuer: "https://issuer.example", id: "tv", secret: nil), askedScope: ["files"],
            requestedAt: fixture.time.now
        )
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.token() == "a2")
        await #expect(throws: TokenFailure.noIDToken(.unverified(detail: "its signature is wrong"))) {
            try await idToken(fixture)
        }
    }

    @Test("O2: a renewal may change the email, the name and the order of the audiences")
    func mayChange() async throws {
        var fixture = try await loggedIn(renewalSays: .absent)
        var married = Self.ann
        married.name = "Ann Other"
        fixture = try await loggedIn(
            renewalSays: .verified(married, idToken: held("i2", 300, fixture), timing: nil))
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.token() == "a2")
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.storedCredential?.identity?.name == "Ann Other")
        let several = Identity(issuer: "i", subject: "s", audience: ["a", "b"])
        #expect(several.change(to: Identity(issuer: "i", subject: "s", audience: ["b", "a"])) == nil)
    }

    @Test("an identity that could not be verified at the login is learned from a renewal, and stored")
    func learned() async throws {
        let fixture = try await loggedIn(
            renewalSays: .verified(Self.ann, idToken: nil, timing: nil), identity: nil, idTokenLife: nil, refresh: nil)
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.token() == "a2")
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.storedCredential?.identity == Self.ann)
    }

    @Test("if the clocks disagree, the ID token is withheld and the access token is served")
    func untimely() async throws {
        let fixture = try await loggedIn(
            renewalSays: .verified(Self.ann, idToken: nil, timing: "it expired 90000 s ago"), idTokenLife: nil,
            missing: .untimely(detail: "x"))
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.token() == "a2")
        await #expect(throws: TokenFailure.noIDToken(.untimely(detail: "it expired 90000 s ago"))) {
            try await idToken(fixture)
        }
        #expect(fixture.vault.snapshot(keepAlive: nil).idTokenProblem == .untimely(detail: "it expired 90000 s ago"))
    }

    @Test("an expired ID token is renewed like an access token, by one refresh for all callers")
    func renewed() async throws {
        let fixture = try await loggedIn(renewalSays: .absent)
        #expect(try await idToken(fixture) == "i1")
        #expect(fixture.refresher.spent.isEmpty)
        fixture.time.advance(by: .seconds(290))
        fixture.refresher.identify(as: .verified(Self.ann, idToken: held("i2", 300, fixture), timing: nil))
        #expect(try await fixture.token() == "a1", "the access token is good for an hour")
        let tokens = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<50 { group.addTask { try await self.idToken(fixture) } }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(tokens == ["i2"])
        #expect(fixture.refresher.spent == ["r1"])
    }

    @Test("if renewals bring no ID token, the login's is served until it expires, with one refresh")
    func notRenewed() async throws {
        let fixture = try await loggedIn(renewalSays: .absent, refresh: nil)
        fixture.time.advance(by: .seconds(250))
        #expect(try await idToken(fixture) == "i1", "valid for 50 s, and one try for a better one")
        #expect(fixture.refresher.spent.count == 1)
        fixture.time.advance(by: .seconds(50))
        for _ in 0..<5 {
            await #expect(throws: TokenFailure.noIDToken(.expired)) { try await idToken(fixture) }
        }
        #expect(fixture.refresher.spent.count == 1)
        #expect(try await fixture.token() == "a2")
    }

    @Test("a login without an ID token is not refreshed to get one")
    func notIssued() async throws {
        let fixture = try await loggedIn(renewalSays: .absent, identity: nil, idTokenLife: nil, missing: .notIssued)
        await #expect(throws: TokenFailure.noIDToken(.notIssued)) { try await idToken(fixture) }
        #expect(fixture.refresher.spent.isEmpty)
    }

    @Test("an ID token that cannot be verified is not served, and requested at most once a minute")
    func unverified() async throws {
        let fixture = try await loggedIn(
            renewalSays: .unverified(detail: "no route"), identity: nil, idTokenLife: nil,
            missing: .unverified(detail: "no route"), refresh: nil)
        for _ in 0..<5 {
            await #expect(throws: TokenFailure.noIDToken(.unverified(detail: "no route"))) {
                try await idToken(fixture)
            }
        }
        #expect(fixture.refresher.spent.isEmpty)
        fixture.time.advance(by: AccountState.idTokenPatience)
        await #expect(throws: TokenFailure.self) { try await idToken(fixture) }
        await #expect(throws: TokenFailure.self) { try await idToken(fixture) }
        #expect(fixture.refresher.spent.count == 1)
        fixture.refresher.identify(as: .verified(Self.ann, idToken: held("i2", 600, fixture), timing: nil))
        fixture.time.advance(by: AccountState.idTokenPatience)
        #expect(try await idToken(fixture) == "i2")
    }

    @Test("a stored login of another person than the account expects is not used, and not lost")
    func unexpected() async throws {
        let fixture = try VaultFixture()
        var credential = fixture.credential("r1")
        credential.identity = Self.ann
        fixture.store.put(credential.record)
        fixture.refresher.expect("eve")
        await #expect(throws: TokenFailure.loginRequired(.settingsChanged)) { try await fixture.token() }
        #expect(fixture.refresher.spent.isEmpty)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
    }
}
