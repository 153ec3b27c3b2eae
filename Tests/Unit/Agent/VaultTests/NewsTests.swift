import AgentAPI
import OAuth
import TestSupport
import Testing
import Vault

/// What an account reports to watchers.
struct NewsTests {
    @Test("a renewal is reported once, a token from memory never")
    func refreshed() async throws {
        let fixture = try VaultFixture()
        fixture.stored("r1")
        _ = try await fixture.token()
        let expiry = fixture.time.now + .seconds(3600)
        #expect(fixture.news.take() == [.refreshed(scope: ["openid"], expiresAt: expiry)])
        for _ in 0..<3 { _ = try await fixture.token() }
        #expect(fixture.vault.tokenAtOnce(minimumValidity: .seconds(60)) != nil)
        #expect(fixture.news.take().isEmpty)
    }

    @Test("each failed attempt is reported, and then the end of the login that it caused")
    func failed() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.down, .dead))
        fixture.stored("r1")
        _ = try? await fixture.token()
        #expect(fixture.news.take() == [.refreshFailed(.providerUnreachable(detail: "no route"))])
        fixture.time.advance(by: Backoff.longest)
        for _ in 0..<3 { _ = try? await fixture.token() }
        #expect(
            fixture.news.take() == [.refreshFailed(.loginRequired(.grantExpired)), .loginRequired(.grantExpired)])
    }

    @Test("the third definite refusal reports both the failure and the required login")
    func rejections() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.rejected(status: 400, detail: "empty")))
        fixture.stored("r1")
        for _ in 1...3 {
            _ = try? await fixture.token()
            fixture.time.advance(by: Backoff.longest)
        }
        let failure = AccountNews.refreshFailed(.providerRejected(detail: "status 400: empty"))
        #expect(fixture.news.take() == [failure, failure, failure, .loginRequired(.providerRejected)])
    }

    @Test("a renewal for a target is reported like any other")
    func target() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2", scope: ["mail"])))
        fixture.stored("r1")
        let target = try TokenTarget(scopes: ["mail"])
        _ = try await fixture.vault.token(minimumValidity: .seconds(60), for: target)
        #expect(fixture.news.take() == [.refreshed(scope: ["mail"], expiresAt: fixture.time.now + .seconds(3600))])
        fixture.refresher.answer(.down)
        let other = try TokenTarget(scopes: ["files"])
        _ = try? await fixture.vault.token(minimumValidity: .seconds(60), for: other)
        #expect(fixture.news.take() == [.refreshFailed(.providerUnreachable(detail: "no route"))])
    }

    @Test("a store without a login reports that one is required, but not within a login")
    func notLoggedIn() async throws {
        let fixture = try VaultFixture()
        await fixture.vault.readIfUnread()
        #expect(fixture.news.take() == [.loginRequired(.notLoggedIn)])
        let other = try VaultFixture()
        await other.vault.readIfUnread(withinLogin: true)
        #expect(other.news.take().isEmpty)
    }

    @Test("an expired token without a refresh token is reported once, and again after the next such login")
    func noRefreshToken() async throws {
        let fixture = try VaultFixture()
        for _ in 1...2 {
            await fixture.loggedIn(refresh: nil)
            fixture.time.advance(by: .seconds(3600))
            for _ in 1...3 {
                #expect(fixture.vault.tokenAtOnce(minimumValidity: .seconds(60)) != nil)
            }
            #expect(fixture.news.take() == [.loginRequired(.noRefreshToken)])
        }
    }

    @Test("a store that does not take a login is reported once, and again when it has taken it")
    func unsaved() async throws {
        let fixture = try VaultFixture()
        let failure = StoreFailure(.locked, "the keyring is locked")
        fixture.store.fail(failure)
        await fixture.loggedIn()
        for _ in 1...2 {
            fixture.time.advance(by: Backoff.longest)
            await fixture.vault.runDue(keepAlive: nil)
        }
        #expect(fixture.news.take() == [.unsaved(failure)])
        fixture.store.fail(nil)
        fixture.time.advance(by: Backoff.longest)
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.news.take() == [.saved])
    }

    @Test("a lock by time is reported when it comes; a requested one is not")
    func locked() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        fixture.vault.apply(LockLimits(idle: .seconds(600)))
        fixture.time.advance(by: .seconds(600))
        await fixture.vault.runDue(keepAlive: nil)
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.news.take() == [.locked(.idle)])
        fixture.vault.unlock()
        await fixture.vault.lock()
        #expect(fixture.news.take().isEmpty)
    }

    @Test("a logout does not report that a login is required")
    func signOut() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        _ = try await fixture.vault.signOut()
        await fixture.vault.retire()
        #expect(fixture.news.take().isEmpty)
    }
}
