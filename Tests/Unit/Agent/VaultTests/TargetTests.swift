import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

/// Tokens for a part of a login's scopes, a resource or an audience.
struct TargetTests {
    let mail: TokenTarget
    let files: TokenTarget

    init() throws {
        mail = try #require(try TokenTarget(scopes: ["mail"]))
        files = try #require(try TokenTarget(resources: ["https://files.example/"]))
    }

    private func token(
        _ fixture: VaultFixture, _ target: TokenTarget?, _ minimumValidity: Int = 60
    ) async throws(TokenFailure) -> String {
        try await fixture.vault.token(minimumValidity: .seconds(minimumValidity), for: target).token.secret
            .revealedText()
    }

    private func refusal(_ fixture: VaultFixture, _ target: TokenTarget) async -> TargetRefusal? {
        do throws(TokenFailure) { _ = try await token(fixture, target) } catch {
            if case .targetRefused(let refusal) = error { return refusal }
        }
        return nil
    }

    @Test("a token with a target is kept beside the login's own, which it does not replace")
    func beside() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "m1", scope: ["mail"])))
        await fixture.loggedIn()
        let served = try await fixture.vault.token(minimumValidity: .seconds(60), for: mail)
        #expect(served.token.secret == SecretBytes("m1"))
        #expect(served.token.scope == ["mail"])
        #expect(fixture.refresher.targets == [mail])
        let again = try #require(fixture.vault.tokenAtOnce(minimumValidity: .seconds(60), for: mail))
        #expect(try again.get().token.secret == SecretBytes("m1"))
        #expect(try await fixture.token() == "a1")
        #expect(fixture.refresher.spent.count == 1)
        #expect(fixture.vault.snapshot(keepAlive: nil).scope == ["openid"])
        #expect(fixture.storedCredential?.scope == ["openid"])
    }

    @Test("an absent scope in the reply is the requested one, or the login's")
    func absentScope() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        #expect(try await fixture.vault.token(minimumValidity: .zero, for: mail).token.scope == ["mail"])
        #expect(try await fixture.vault.token(minimumValidity: .zero, for: files).token.scope == ["openid"])
    }

    @Test("a request that waits behind another's refresh is not sent once its caller has left")
    func abandoned() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "m1", scope: ["mail"])))
        await fixture.loggedIn()
        let gate = Gate()
        fixture.refresher.hold(at: gate)
        let first = Task { try await token(fixture, mail) }
        await gate.arrived()
        let left = Task { () -> TokenFailure? in
            do throws(TokenFailure) { _ = try await token(fixture, files) } catch { return error }
            return nil
        }
        left.cancel()
        #expect(await left.value == .abandoned)
        gate.open()
        #expect(try await first.value == "m1")
        #expect(fixture.refresher.targets == [mail])
        // It is a failure of neither the login nor the target.
        #expect(try await token(fixture, files) == "m1")
    }

    @Test("a token with a target is renewed like the login's own: when too little life is left")
    func freshness() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "m1"), .renewed(access: "m2")))
        await fixture.loggedIn(expiresIn: 36_000)
        #expect(try await token(fixture, mail) == "m1")
        fixture.time.advance(by: .seconds(3500))
        #expect(try await token(fixture, mail) == "m1")
        fixture.time.advance(by: .seconds(50))
        #expect(try await token(fixture, mail) == "m2")
        #expect(fixture.refresher.targets == [mail, mail])
    }

    @Test("one refresh runs at a time: callers of its target share it, others wait and then start theirs")
    func singleFlight() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "x")))
        await fixture.loggedIn()
        fixture.time.advance(by: .seconds(3600))
        let gate = Gate()
        fixture.refresher.hold(at: gate)
        let vault = fixture.vault
        let tasks = [mail, files, nil].flatMap { target in
            (0..<50).map { _ in
                Task { try await vault.token(minimumValidity: .seconds(60), for: target).token.secret.revealedText() }
            }
        }
        await gate.arrived()
        for _ in 0..<100 { await Task.yield() }
        #expect(fixture.refresher.spent.count == 1)
        gate.open()
        for task in tasks { #expect(try await task.value == "x") }
        #expect(fixture.refresher.spent.count == 3)
        #expect(Set(fixture.refresher.targets) == [mail, files, nil])
    }

    @Test("a new refresh token with a target's token is durable before that is served, and spent next")
    func rotation() async throws {
        let fixture = try VaultFixture(
            ScriptedRefresher(.renewed(access: "m1", refresh: "r2"), .renewed(access: "f1", refresh: "r3")))
        await fixture.loggedIn()
        let gate = Gate()
        fixture.store.hold(at: gate)
        let vault = fixture.vault
        let first = Task { [mail] in try await vault.token(minimumValidity: .zero, for: mail) }
        await gate.arrived()
        #expect(fixture.vault.tokenAtOnce(minimumValidity: .zero, for: mail) == nil)
        gate.open()
        _ = try await first.value
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
        #expect(fixture.storedCredential?.scope == ["openid"])
        #expect(try await token(fixture, files) == "f1")
        #expect(fixture.refresher.spent == ["r1", "r2"])
        #expect(fixture.storedCredential?.generation == 3)
        #expect(try await fixture.token() == "a1")
    }

    @Test("if the store fails at a target's rotation, the account is unsaved, and nothing is lost")
    func unsaved() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "m1", refresh: "r2")))
        await fixture.loggedIn()
        fixture.store.fail(StoreFailure(.locked, "locked"))
        #expect(try await token(fixture, mail) == "m1")
        #expect(fixture.vault.snapshot(keepAlive: nil).unsaved?.state == .locked)
        fixture.store.fail(nil)
        fixture.time.advance(by: .seconds(300))
        await fixture.vault.runDue(keepAlive: nil)
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
    }

    @Test("a refused scope or resource affects no other token, and is not requested again at once")
    func refused() async throws {
        let error = ProviderError(code: "invalid_scope", detail: "no", status: 400)
        let fixture = try VaultFixture(
            ScriptedRefresher(
                .misconfigured(error), .misconfigured(ProviderError(code: "invalid_target", status: 400)),
                .renewed(access: "m1")))
        await fixture.loggedIn()
        for _ in 0..<5 {
            let refusal = await refusal(fixture, mail)
            #expect(refusal?.reason == .invalidScope)
            #expect(refusal?.missing == ["mail"])
            #expect(refusal?.loginScope == ["openid"])
            #expect(refusal?.detail?.contains("no") == true)
        }
        #expect(fixture.refresher.spent.count == 1)
        #expect(await refusal(fixture, files)?.reason == .invalidTarget)
        let snapshot = fixture.vault.snapshot(keepAlive: nil)
        #expect(snapshot.login == .active)
        #expect(snapshot.lastFailure == nil)
        #expect(try await fixture.token() == "a1")
        fixture.time.advance(by: .seconds(1))
        #expect(try await token(fixture, mail) == "m1")
    }

    @Test("a program that makes up targets is stopped, and granted targets go on as before")
    func madeUp() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "m1")))
        await fixture.loggedIn()
        #expect(try await token(fixture, mail) == "m1")
        fixture.refresher.answer(.misconfigured(ProviderError(code: "invalid_target", status: 400)))
        var reasons: [TargetRefusal.Reason?] = []
        for index in 0..<30 {
            let target = try #require(try TokenTarget(audience: "made-up-\(index)"))
            reasons.append(await refusal(fixture, target)?.reason)
        }
        #expect(reasons.prefix(5).allSatisfy { $0 == .invalidTarget })
        #expect(reasons.dropFirst(5).allSatisfy { $0 == .tooManyRefused })
        #expect(fixture.refresher.spent.count == 6)
        // A refused target keeps its reason, and a granted one is renewed, whatever else was made up.
        let first = try #require(try TokenTarget(audience: "made-up-0"))
        #expect(await refusal(fixture, first)?.reason == .invalidTarget)
        fixture.refresher.answer(.renewed(access: "m2"))
        #expect(try await token(fixture, mail, 3599) == "m1")
        fixture.time.advance(by: .seconds(59))
        #expect(await refusal(fixture, files)?.reason == .tooManyRefused)
        fixture.time.advance(by: .seconds(1))
        #expect(try await token(fixture, files) == "m2")
        fixture.time.advance(by: .seconds(3500))
        #expect(try await token(fixture, mail) == "m2")
    }

    @Test("refusals that one user causes stop that user's new targets, and no other user's or the owner's")
    func perUser() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "m1")))
        await fixture.loggedIn()
        fixture.refresher.answer(.misconfigured(ProviderError(code: "invalid_target", status: 400)))
        func reason(_ name: String, by user: UInt32?) async throws -> TargetRefusal.Reason? {
            let target = try #require(try TokenTarget(audience: name))
            do throws(TokenFailure) {
                _ = try await fixture.vault.token(minimumValidity: .seconds(60), for: target, by: user)
            } catch {
                if case .targetRefused(let refusal) = error { return refusal.reason }
            }
            return nil
        }
        for index in 0..<5 { #expect(try await reason("made-up-\(index)", by: 1001) == .invalidTarget) }
        #expect(try await reason("made-up-5", by: 1001) == .tooManyRefused)
        #expect(try await reason("of-another", by: 1002) == .invalidTarget)
        #expect(try await reason("of-the-owner", by: nil) == .invalidTarget)
        // Many users together are stopped as well, and the owner is not.
        for user in 1003..<1010 as Range<UInt32> {
            for index in 0..<5 { _ = try await reason("of-\(user)-\(index)", by: user) }
        }
        #expect(try await reason("of-one-more", by: 2000) == .tooManyRefused)
        #expect(try await reason("of-the-owner-again", by: nil) == .invalidTarget)
    }

    @Test("an outage does not count as a refused target")
    func outageOfMany() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.down))
        await fixture.loggedIn()
        for index in 0..<6 {
            let target = try #require(try TokenTarget(audience: "api-\(index)"))
            await #expect(throws: TokenFailure.providerUnreachable(detail: "no route")) {
                try await token(fixture, target)
            }
        }
        fixture.refresher.answer(.renewed(access: "f1"))
        #expect(try await token(fixture, files) == "f1")
    }

    @Test("a token with less than requested is not served; the new refresh token is kept")
    func narrower() async throws {
        let fixture = try VaultFixture(
            ScriptedRefresher(.renewed(access: "m1", refresh: "r2", scope: ["openid"])))
        await fixture.loggedIn()
        let refusal = await refusal(fixture, mail)
        #expect(refusal?.reason == .narrower)
        #expect(refusal?.granted == ["openid"])
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
        #expect(try await fixture.token() == "a1")
    }

    @Test(
        "a refusal for one target does not end the login if its own token can be renewed",
        arguments: [
            RefreshReply.dead, .rejected(status: 400, detail: "the reply is empty"),
            .misconfigured(ProviderError(code: "invalid_request", status: 400)),
        ])
    func confirmed(reply: RefreshReply) async throws {
        let fixture = try VaultFixture(ScriptedRefresher(reply, .renewed(access: "a2", refresh: "r2")))
        await fixture.loggedIn()
        #expect(await refusal(fixture, mail)?.reason == .refused)
        #expect(fixture.refresher.targets == [mail, nil])
        #expect(try await fixture.token() == "a2")
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
    }

    @Test("invalid_grant for the login's own token as well ends the login and its other tokens")
    func dead() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "f1"), .dead))
        await fixture.loggedIn()
        #expect(try await token(fixture, files) == "f1")
        await #expect(throws: TokenFailure.loginRequired(.grantExpired)) { try await token(fixture, mail) }
        await #expect(throws: TokenFailure.loginRequired(.grantExpired)) { try await token(fixture, files) }
        #expect(fixture.vault.snapshot(keepAlive: nil).login == .loginRequired(.grantExpired))
    }

    @Test("an outage fails that target alone, and a token that is still valid is served with a note")
    func outage() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "m1"), .down))
        await fixture.loggedIn(expiresIn: 36_000)
        #expect(try await token(fixture, mail) == "m1")
        fixture.time.advance(by: .seconds(3580))
        let served = try await fixture.vault.token(minimumValidity: .seconds(60), for: mail)
        #expect(served.token.secret == SecretBytes("m1"))
        #expect(fixture.vault.snapshot(keepAlive: nil).lastFailure == nil)
        await fixture.vault.settle()
        fixture.time.advance(by: .seconds(20))
        await #expect(throws: TokenFailure.providerUnreachable(detail: "no route")) { try await token(fixture, mail) }
    }

    @Test("without a refresh token a target is refused, and no login is required")
    func lasting() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn(refresh: nil, expiresIn: nil)
        #expect(await refusal(fixture, mail)?.reason == .noRefreshToken)
        #expect(fixture.refresher.spent.isEmpty)
    }

    @Test("with more than 64 targets the least recently used one is dropped")
    func bound() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        let targets = try (0..<65).map { try #require(try TokenTarget(audience: "api-\($0)")) }
        for target in targets.prefix(64) { _ = try await token(fixture, target) }
        _ = try await token(fixture, targets[0])
        _ = try await token(fixture, targets[64])
        #expect(fixture.refresher.spent.count == 65)
        #expect(fixture.vault.tokenAtOnce(minimumValidity: .zero, for: targets[0]) != nil)
        #expect(fixture.vault.tokenAtOnce(minimumValidity: .zero, for: targets[1]) == nil)
    }

    @Test(
        "a logout, a new login and new settings drop the tokens with a target",
        arguments: ["logout", "login", "settings"])
    func dropped(event: String) async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        _ = try await token(fixture, mail)
        switch event {
        case "logout":
            _ = try await fixture.vault.signOut()
            await #expect(throws: TokenFailure.loginRequired(.notLoggedIn)) { try await token(fixture, mail) }
        case "login": await fixture.loggedIn(access: "b1", refresh: "q1")
        default: fixture.vault.forgetTargets()
        }
        if event != "logout" { #expect(fixture.vault.tokenAtOnce(minimumValidity: .zero, for: mail) == nil) }
    }

    @Test("another person's token is not served for any target, and the login stays as it was")
    func identity() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "m1", refresh: "r2")))
        await fixture.loggedIn()
        fixture.refresher.identify(as: .refused(IdentityRefusal(.wrongSubject, "another person")))
        await #expect { try await token(fixture, mail) } throws: {
            if case TokenFailure.identityRefused = $0 { true } else { false }
        }
        #expect(fixture.storedCredential?.refreshToken == SecretBytes("r2"))
        #expect(try await fixture.token() == "a1")
    }
}
