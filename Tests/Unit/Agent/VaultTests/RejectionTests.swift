import AgentAPI
import SecretMemory
import TestSupport
import Testing
import Vault

/// Tokens that a service has refused before their expiry.
struct RejectionTests {
    private func reject(
        _ fixture: VaultFixture, _ refused: String? = nil, for target: TokenTarget? = nil
    ) async -> Result<Rejection, TokenFailure> {
        var isRefused: (@Sendable (SecretBytes) -> Bool)?
        if let refused { isRefused = { $0 == SecretBytes(refused) } }
        do throws(TokenFailure) {
            return .success(try await fixture.vault.reject(target, isRefused: isRefused))
        } catch { return .failure(error) }
    }

    @Test("a refused token is renewed before its expiry, and the next request is served the new one")
    func renewed() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        #expect(await reject(fixture, "a1") == .success(.renewed))
        #expect(try await fixture.token() == "a2")
        #expect(fixture.refresher.spent == ["r1"])
    }

    @Test("a report of a token that the agent does not hold renews nothing")
    func another() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        #expect(await reject(fixture, "a0") == .success(.kept(.anotherToken)))
        let restarted = try VaultFixture()
        restarted.stored()
        #expect(await reject(restarted, "a0") == .success(.kept(.anotherToken)))
        #expect(fixture.refresher.spent.isEmpty && restarted.refresher.spent.isEmpty)
    }

    @Test("within 60 s of a renewal, by any request, a refused token is kept; after that it is renewed")
    func lately() async throws {
        let fixture = try VaultFixture(
            ScriptedRefresher(.renewed(access: "a2"), .renewed(access: "a3"), .renewed(access: "a4")))
        await fixture.loggedIn(expiresIn: 90)
        fixture.time.advance(by: .seconds(50))
        // An ordinary request.
        #expect(try await fixture.token() == "a2")
        fixture.time.advance(by: .seconds(59))
        #expect(await reject(fixture) == .success(.kept(.renewedLately)))
        #expect(await reject(fixture, "a2") == .success(.kept(.renewedLately)))
        fixture.time.advance(by: .seconds(1))
        #expect(await reject(fixture, "a2") == .success(.renewed))
        #expect(await reject(fixture) == .success(.kept(.renewedLately)))
        #expect(fixture.refresher.spent.count == 2)
    }

    @Test("the first renewal counts, although memory held no token")
    func nothingHeld() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2"), .renewed(access: "a3")))
        fixture.stored()
        #expect(await reject(fixture) == .success(.renewed))
        #expect(await reject(fixture) == .success(.kept(.renewedLately)))
        #expect(fixture.refresher.spent.count == 1)
    }

    @Test("callers that report the same token share one renewal, and with it a request for a token")
    func shared() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn(expiresIn: 90)
        fixture.time.advance(by: .seconds(50))
        let gate = Gate()
        fixture.refresher.hold(at: gate)
        let results = await withTaskGroup(of: Result<Rejection, TokenFailure>.self) { group in
            for place in 0..<20 { group.addTask { await reject(fixture, place.isMultiple(of: 2) ? "a1" : nil) } }
            group.addTask {
                let token = try? await fixture.token()
                return token == "a2" ? .success(.renewed) : .success(.kept(.sameToken))
            }
            await gate.arrived()
            gate.open()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0 == .success(.renewed) || $0 == .success(.kept(.renewedLately)) })
        #expect(results.contains(.success(.renewed)))
        #expect(fixture.refresher.spent.count == 1)
    }

    @Test("each target has its own token, limit and failure")
    func targets() async throws {
        let fixture = try VaultFixture(
            ScriptedRefresher(
                .renewed(access: "t1", scope: ["mail"]), .renewed(access: "t2", scope: ["mail"]),
                .renewed(access: "a2")))
        await fixture.loggedIn()
        let mail = try #require(try TokenTarget(scopes: ["mail"]))
        let first = try await fixture.vault.token(minimumValidity: .seconds(60), for: mail)
        #expect(first.token.secret.revealedText() == "t1")
        #expect(await reject(fixture, "a1", for: mail) == .success(.kept(.anotherToken)))
        #expect(await reject(fixture, "t1", for: mail) == .success(.renewed))
        #expect(await reject(fixture, "t2", for: mail) == .success(.kept(.renewedLately)))
        #expect(await reject(fixture, "a1") == .success(.renewed))
        #expect(fixture.refresher.targets == [mail, mail, nil])
        fixture.time.advance(by: .seconds(60))
        fixture.refresher.answer(.down)
        #expect(await reject(fixture, "t2", for: mail) == .failure(.providerUnreachable(detail: "no route")))
    }

    @Test("a renewal that fails is the answer, also within the back-off; other requests are served the old token")
    func outage() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.down))
        await fixture.loggedIn()
        for _ in 0..<3 {
            #expect(await reject(fixture) == .failure(.providerUnreachable(detail: "no route")))
            #expect(try await fixture.token() == "a1")
        }
        #expect(fixture.refresher.spent.count == 1)
    }

    @Test("without a refresh token, after the end of the login or without one, a login is required")
    func loginRequired() async throws {
        let lasting = try VaultFixture()
        await lasting.loggedIn(refresh: nil, expiresIn: nil)
        #expect(await reject(lasting, "a0") == .success(.kept(.anotherToken)))
        #expect(await reject(lasting, "a1") == .failure(.loginRequired(.noRefreshToken)))
        #expect(await reject(lasting) == .failure(.loginRequired(.noRefreshToken)))
        let ended = try VaultFixture(ScriptedRefresher(.dead))
        await ended.loggedIn()
        #expect(await reject(ended) == .failure(.loginRequired(.grantExpired)))
        #expect(await reject(ended, "a1") == .failure(.loginRequired(.grantExpired)))
        #expect(try await ended.token() == "a1")
        #expect(await reject(try VaultFixture()) == .failure(.loginRequired(.notLoggedIn)))
        #expect(lasting.refresher.spent.isEmpty && ended.refresher.spent == ["r1"])
    }

    @Test("a renewal that brings the refused token again does not count as a new one")
    func same() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a1")))
        await fixture.loggedIn()
        #expect(await reject(fixture, "a1") == .success(.kept(.sameToken)))
        #expect(await reject(fixture) == .success(.kept(.renewedLately)))
        #expect(fixture.refresher.spent.count == 1)
    }

    @Test("a new login resets the limit")
    func newLogin() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a2"), .renewed(access: "b2")))
        await fixture.loggedIn()
        #expect(await reject(fixture) == .success(.renewed))
        await fixture.loggedIn(access: "b1", refresh: "s1")
        #expect(await reject(fixture, "b1") == .success(.renewed))
    }
}
