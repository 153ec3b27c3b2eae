import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

struct EndOfLoginTests {
    @Test("a confirmed invalid_grant requires a login, is not repeated, and keeps the client")
    func deadGrant() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.dead))
        fixture.store.put(fixture.credential("r1", secret: "s").record)
        for _ in 0..<3 {
            await #expect(throws: TokenFailure.loginRequired(.grantExpired)) { try await fixture.token() }
        }
        #expect(fixture.refresher.spent == ["r1"])
        let kept = try #require(fixture.storedCredential)
        #expect(kept.refreshToken == nil)
        #expect(kept.clientSecret == SecretBytes("s"))
        #expect(kept.clientID == "tv")
    }

    @Test("after invalid_grant a newer refresh token in the store is used, and the login goes on")
    func newerInStore() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.dead, .renewed(access: "a3")))
        await fixture.loggedIn(refresh: "r1")
        fixture.store.put(fixture.credential("r2", generation: 7).record)
        fixture.time.advance(by: .seconds(3600))
        #expect(try await fixture.token() == "a3")
        #expect(fixture.refresher.spent == ["r1", "r2"])
    }

    @Test("the third definite refusal without an OAuth error, each after the back-off, ends the login")
    func rejections() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.rejected(status: 400, detail: "empty body")))
        fixture.stored("r1")
        for round in 1...3 {
            for _ in 0..<4 { _ = try? await fixture.token() }
            #expect(fixture.refresher.spent.count == round)
            fixture.time.advance(by: Backoff.longest)
        }
        await #expect(throws: TokenFailure.loginRequired(.providerRejected)) { try await fixture.token() }
        #expect(fixture.refresher.spent.count == 3)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
    }

    @Test("invalid_client is a configuration error, and the login is kept")
    func invalidClient() async throws {
        let refused = RefreshReply.misconfigured(ProviderError(code: "invalid_client", detail: nil, status: 401))
        let fixture = try VaultFixture(ScriptedRefresher(refused))
        fixture.stored("r1")
        await #expect(throws: TokenFailure.clientRefused(code: "invalid_client", detail: nil)) {
            try await fixture.token()
        }
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
    }

    @Test(
        "the third error that may mean a dead grant demands a login, and the refresh is tried again",
        arguments: ["unauthorized_client", "invalid_request"])
    func doubtfulError(code: String) async throws {
        let error = ProviderError(code: code, detail: "refresh_token is invalid", status: 403)
        let fixture = try VaultFixture(ScriptedRefresher(.misconfigured(error)))
        fixture.stored("r1")
        for round in 1...2 {
            for _ in 0..<4 {
                await #expect(throws: TokenFailure.clientRefused(code: code, detail: error.detail)) {
                    try await fixture.token()
                }
            }
            #expect(fixture.refresher.spent.count == round)
            fixture.time.advance(by: Backoff.longest)
        }
        for _ in 0..<4 {
            await #expect(
                throws: TokenFailure.loginDemanded(.providerRejected, detail: "\(code): refresh_token is invalid")
            ) { try await fixture.token() }
        }
        #expect(fixture.refresher.spent.count == 3)
        #expect(fixture.news.all.count { $0 == .loginRequired(.providerRejected) } == 1)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
        fixture.refresher.answer(.renewed(access: "a2"))
        fixture.time.advance(by: Backoff.longest)
        #expect(try await fixture.token() == "a2", "it recovers with the provider")
        #expect(fixture.vault.snapshot(keepAlive: nil).lastFailure == nil)
    }

    @Test("errors that may mean a dead grant leave a valid access token in use, whatever their number")
    func doubtfulWithToken() async throws {
        let error = ProviderError(code: "unauthorized_client", status: 403)
        let fixture = try VaultFixture(ScriptedRefresher(.misconfigured(error)))
        await fixture.loggedIn(expiresIn: 3600)
        fixture.time.advance(by: .seconds(2000))
        for round in 1...4 {
            #expect(try await fixture.token(1800) == "a1")
            await fixture.vault.settle()
            #expect(fixture.refresher.spent.count == round)
            fixture.time.advance(by: Backoff.longest)
        }
        fixture.time.advance(by: .seconds(400))
        await #expect(throws: TokenFailure.loginDemanded(.providerRejected, detail: "unauthorized_client")) {
            try await fixture.token()
        }
    }

    @Test("interaction_required demands a login at once; the credential is tried again after the back-off")
    func interaction() async throws {
        let error = ProviderError(code: "interaction_required", detail: "AADSTS50076: MFA", status: 400)
        let fixture = try VaultFixture(ScriptedRefresher(.needsPerson(error)))
        fixture.stored("r1")
        let demand = TokenFailure.loginDemanded(.interactionRequired, detail: "interaction_required: AADSTS50076: MFA")
        for _ in 0..<3 { await #expect(throws: demand) { try await fixture.token() } }
        #expect(fixture.refresher.spent == ["r1"])
        #expect(fixture.vault.snapshot(keepAlive: nil).lastFailure == demand)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
        fixture.refresher.answer(.renewed(access: "a2", refresh: "r2"))
        fixture.time.advance(by: Backoff.longest)
        #expect(try await fixture.token() == "a2")
    }

    @Test("a token without a refresh token is served until it expires, then a login is required")
    func noRefreshToken() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn(refresh: nil)
        #expect(try await fixture.token() == "a1")
        fixture.time.advance(by: .seconds(3600))
        await #expect(throws: TokenFailure.loginRequired(.noRefreshToken)) { try await fixture.token() }
        #expect(fixture.refresher.spent.isEmpty)
    }

    @Test("a token that never expires and comes without a refresh token is itself the credential")
    func lasting() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn(refresh: nil, expiresIn: nil)
        #expect(fixture.storedCredential?.lastingAccessToken == SecretBytes("a1"))
        let restarted = try VaultFixture()
        restarted.store.put(try #require(fixture.store.records[fixture.key]))
        #expect(try await restarted.token() == "a1")
    }

    @Test("a logout waits for a running refresh, so that the newest refresh token is revoked")
    func signOutWaits() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", refresh: "r2")))
        fixture.stored("r1")
        let gate = Gate()
        fixture.refresher.hold(at: gate)
        let client = Task { try? await fixture.token() }
        await gate.arrived()
        async let ended = fixture.vault.signOut()
        gate.open()
        #expect(try await ended.credential?.refreshToken == SecretBytes("r2"))
        _ = await client.value
        await #expect(throws: TokenFailure.loginRequired(.notLoggedIn)) { try await fixture.token() }
    }

    @Test("a logout keeps a confidential client's secret for the next login, and nothing of a public one")
    func forget() async throws {
        let confidential = try VaultFixture()
        confidential.store.put(confidential.credential("r1", secret: "s").record)
        // A second logout finds nothing to end, and removes nothing.
        for _ in 1...2 {
            try await confidential.vault.forget(try await confidential.vault.signOut())
            #expect(confidential.storedCredential?.clientSecret == SecretBytes("s"))
            #expect(confidential.storedCredential?.isSignedIn == false)
        }
        let publicClient = try VaultFixture()
        publicClient.stored("r1")
        try await publicClient.vault.forget(try await publicClient.vault.signOut())
        #expect(publicClient.store.records.isEmpty)
    }
}
