import AgentAPI
import AuthagentTestSupport
import OAuth
import SecretMemory
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
                    url: try EndpointURL(parsing: "https://issuer.example/clients/c1"), token: SecretBytes("manage-it"))
            )
        )
    }

    @Test("a record brings back the whole registration, and one of an older agent has none")
    func record() throws {
        let fixture = try VaultFixture()
        var credential = fixture.credential("r1", secret: "s3cret")
        #expect(try #require(Credential(credential.record)).registration == nil)
        #expect(!credential.record.secret.revealedText().contains("registration"))
        credential.registration = try Self.client().registration
        #expect(Credential(credential.record) == credential)
    }

    @Test("an address in an edited record that no token may go to is dropped, and the login is not")
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

    @Test("a client is kept before its first login, and through logouts, until it is forgotten itself")
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

    @Test("a client does not take the place of a login")
    func beside() async throws {
        let fixture = try VaultFixture()
        fixture.stored("r1")
        #expect(try await !fixture.vault.keep(try Self.client()))
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r1"))
    }

    @Test("a store that cannot be read or written keeps no client, and says so")
    func storeTrouble() async throws {
        let fixture = try VaultFixture()
        fixture.store.fail(StoreFailure(.locked, "locked"))
        await #expect(throws: StoreFailure.self) { try await fixture.vault.keep(try Self.client()) }
    }

    @Test("a refresh and the end of a login leave the registration as it is")
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
}
