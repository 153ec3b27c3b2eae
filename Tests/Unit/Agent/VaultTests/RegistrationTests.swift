import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

/// Clients that the provider has registered for an account.
struct RegistrationTests {
    private static func client(_ id: String = "c1") throws -> AccountVault.GrantedClient {
        AccountVault.GrantedClient(
            issuer: "https://issuer.example", id: id, secret: SecretBytes("s3cret"),
            registration: Registration(
                authentication: .clientSecretPost, secretExpiresAt: 2_000_000_000,
                management: ClientManagement(
                    url: try EndpointURL(parsing: "https://issuer.example/clients/c1"), token: SecretBytes("manage-it")),
                scopes: ["openid", "mail"]
            )
        )
    }

    @Test("a record restores the whole registration, and one of an older agent has none")
    func record() throws {
        let fixture = try VaultFixture()
        var credential = fixture.credential("r1", secret: "s3cret")
        #expect(try #require(Credential(credential.record)).registration == nil)
        #expect(!credential.record.secret.revealedText().contains("registration"))
        credential.registration = try Self.client().registration
        #expect(Credential(credential.record) == credential)
    }

    @Test("a forbidden address in an edited record is dropped, and the login is kept")
    func editedAddress() throws {
        let fixture = try VaultFixture()
        var credential = fixture.credential("r1")
        credential.registration = try Self.client().registration
        let text = credential.record.secret.revealedText()
            .replacing("https://issuer.example/clients/c1", with: "http://evil.example/")
        let edited = try #require(
            Credential(StoredRecord(key: fixture.key, issuer: "", secret: SecretBytes(text))))
        #expect(edited.refreshToken == SecretBytes("r1"))
        #expect(edited.registration?.management == nil)
        #expect(edited.registration?.authentication == .clientSecretPost)
    }

    @Test("a client is kept before its first login and after logouts, until it is forgotten itself")
    func life() async throws {
        let fixture = try VaultFixture()
        #expect(try await fixture.vault.keep(try Self.client()))
        #expect(fixture.storedCredential?.client.id == "c1")
        await #expect(throws: TokenFailure.loginRequired(.notLoggedIn)) { try await fixture.token() }
        let grant = TokenGrant(accessToken: SecretBytes("a1"), expiresIn: 3600, refreshToken: SecretBytes("r1"))
        _ = await fixture.vault.adopt(
            grant, to: try Self.client(), askedScope: [], requestedAt: fixture.time.now)
        #expect(fixture.storedCredential?.isSignedIn == true)
        try await fixture.vault.forget(try await fixture.vault.signOut())
        let kept = try #require(fixture.storedCredential)
        #expect(!kept.isSignedIn)
        #expect(kept.registration == (try Self.client().registration))
        try await fixture.vault.forget(try await fixture.vault.signOut(), withClient: true)
        #expect(fixture.storedCredential == nil)
    }

    @Test("a client without a login does not replace a login")
    func beside() async throws {
        let fixture = try VaultFixture()
        fixture.stored("r1")
        #expect(try await !fixture.vault.keep(try Self.client()))
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
    }

    @Test("if the store cannot be read or written, keeping a client fails")
    func storeTrouble() async throws {
        let fixture = try VaultFixture()
        fixture.store.fail(StoreFailure(.locked, "locked"))
        await #expect(throws: StoreFailure.self) { try await fixture.vault.keep(try Self.client()) }
    }

    @Test("a refresh and the end of a login do not change the registration")
    func refresh() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", refresh: "r2"), .dead))
        var credential = fixture.credential("r1")
        credential.registration = try Self.client().registration
        fixture.store.put(credential.record)
        #expect(try await fixture.token() == "a2")
        #expect(fixture.storedCredential?.registration == credential.registration)
        fixture.time.advance(by: .seconds(7200))
        await #expect(throws: TokenFailure.self) { try await fixture.token() }
        #expect(fixture.storedCredential?.registration == credential.registration)
        #expect(fixture.storedCredential?.refreshToken == nil)
    }

    /// A login of a registered client whose access token has to be renewed.
    private func login(
        _ reply: RefreshReply, clientLives seconds: Int?
    ) async throws -> VaultFixture {
        let fixture = try VaultFixture(ScriptedRefresher(reply))
        var client = try Self.client()
        client.registration?.secretExpiresAt = seconds.map { fixture.time.wall + $0 }
        let grant = TokenGrant(accessToken: SecretBytes("a1"), expiresIn: 3600, refreshToken: SecretBytes("r1"))
        _ = await fixture.vault.adopt(grant, to: client, askedScope: [], requestedAt: fixture.time.now)
        return fixture
    }

    private static let refused = RefreshReply.misconfigured(
        ProviderError(code: "invalid_client", detail: nil, status: 401))

    @Test("a client that has expired and is refused requires a new login, and the credential is kept")
    func expiredClient() async throws {
        let fixture = try await login(Self.refused, clientLives: 3600)
        fixture.time.advance(by: .seconds(3601))
        for _ in 0..<3 {
            await #expect(throws: TokenFailure.loginRequired(.clientExpired)) { try await fixture.token() }
        }
        #expect(fixture.refresher.spent.count == 1, "a provider that refuses the client is not asked again")
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
        #expect(fixture.vault.snapshot(keepAlive: nil).login == .loginRequired(.clientExpired))
    }

    @Test("a client's past expiry alone, or a refusal alone, does not end the login")
    func onlyOne() async throws {
        let renewed = try await login(.renewed(access: "a2"), clientLives: 3600)
        renewed.time.advance(by: .seconds(3601))
        #expect(try await renewed.token() == "a2")
        for lifetime in [7200, nil] {
            let refused = try await login(Self.refused, clientLives: lifetime)
            refused.time.advance(by: .seconds(3601))
            await #expect(throws: TokenFailure.clientRefused(code: "invalid_client", detail: nil)) {
                try await refused.token()
            }
        }
    }

    @Test("if the client expires before the refresh token, its expiry is the login's")
    func loginExpiry() async throws {
        let fixture = try await login(.renewed(access: "a2"), clientLives: 90 * 86_400)
        let expiry = try #require(fixture.vault.snapshot(keepAlive: nil).loginExpiry)
        #expect(expiry.at == fixture.time.wall + 90 * 86_400)
        #expect(!expiry.isNear(at: expiry.at - 7 * 86_400))
        #expect(expiry.isNear(at: expiry.at - 7 * 86_400 + 1))
        var credential = try #require(fixture.storedCredential)
        credential.expiry = LoginExpiry(at: fixture.time.wall + 60, lifetime: 60)
        fixture.store.put(credential.record)
        let restarted = try VaultFixture()
        restarted.store.put(credential.record)
        await restarted.vault.readIfUnread()
        #expect(restarted.vault.snapshot(keepAlive: nil).loginExpiry == credential.expiry)
    }

    @Test("a client that is registered for scopes allows these only, in any order")
    func scopes() {
        let registration = Registration(scopes: ["a", "b"])
        #expect(registration.allows(["b", "a"]))
        #expect(!registration.allows(["a"]) && !registration.allows(["a", "b", "c"]) && !registration.allows([]))
        #expect(Registration().allows(["a"]))
    }
}
