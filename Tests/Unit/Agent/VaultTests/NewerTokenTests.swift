import AgentAPI
import OAuth
import SecretMemory
import TestSupport
import Testing
import Vault

/// Requests that wait for a token newer than the client's.
struct NewerTokenTests {
    /// A waiting request, with what it was answered.
    private final class Waiter: Sendable {
        private let task: Task<Result<NewerToken, TokenFailure>, Never>

        init(
            _ fixture: VaultFixture, than expiry: Int, minimumValidity: Int = 60,
            target: TokenTarget? = nil
        ) {
            task = Task {
                do throws(TokenFailure) {
                    return .success(
                        try await fixture.vault.newerToken(
                            than: expiry, minimumValidity: .seconds(minimumValidity), for: target))
                } catch { return .failure(error) }
            }
        }

        func cancel() { task.cancel() }

        /// The token's text, `same`, `endless`, `retired`, or the failure.
        var outcome: String {
            get async {
                switch await task.value {
                case .success(.token(let served, _)): served.token.secret.revealedText()
                case .success(.same): "same"
                case .success(.endless): "endless"
                case .success(.retired): "retired"
                case .failure(.loginRequired(let reason)): "login_required \(reason.rawValue)"
                case .failure(.locked(let reason)): "locked \(reason.rawValue)"
                case .failure(let failure): "\(failure)"
                }
            }
        }
    }

    private static let target = try? TokenTarget(scopes: ["a"])

    /// The expiry of the token in memory as a client knows it, in whole seconds.
    private func mark(_ fixture: VaultFixture, left: Int) -> Int { fixture.time.wall + left }

    private func waiting(_ fixture: VaultFixture, _ count: Int = 1) async {
        await eventually { fixture.vault.waitCount == count }
    }

    @Test("a token that expires later than the client's is served at once")
    func atOnce() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        #expect(await Waiter(fixture, than: mark(fixture, left: 3000)).outcome == "a1")
        #expect(await Waiter(fixture, than: mark(fixture, left: -100_000)).outcome == "a1")
        #expect(fixture.refresher.spent.isEmpty)
    }

    @Test("the client's own token is not newer, whatever the rounding of its expiry", arguments: [3599, 3600])
    func rounding(left: Int) async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        let waiter = Waiter(fixture, than: mark(fixture, left: left))
        await waiting(fixture)
        waiter.cancel()
        #expect(await waiter.outcome == "same")
        #expect(fixture.vault.waitCount == 0)
    }

    @Test("the wait ends with the schedule's renewal, for which the waiting request is a use of the token")
    func schedule() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        #expect(fixture.vault.nextDue(keepAlive: nil) == nil)
        let waiter = Waiter(fixture, than: mark(fixture, left: 3600))
        await waiting(fixture)
        let due = try #require(fixture.vault.nextDue(keepAlive: nil))
        fixture.time.advance(by: due - fixture.time.now)
        await fixture.vault.runDue(keepAlive: nil)
        #expect(await waiter.outcome == "a2")
        #expect(fixture.refresher.spent == ["r1"])
    }

    @Test("thousands of waiting requests share one renewal")
    func many() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        let waiters = (0..<2000).map { _ in Waiter(fixture, than: mark(fixture, left: 3600)) }
        await waiting(fixture, 2000)
        let due = try #require(fixture.vault.nextDue(keepAlive: nil))
        fixture.time.advance(by: due - fixture.time.now)
        await fixture.vault.runDue(keepAlive: nil)
        for waiter in waiters { #expect(await waiter.outcome == "a2") }
        #expect(fixture.refresher.spent == ["r1"])
        #expect(fixture.time.sleepCount == 0, "no timer for the login's own token")
    }

    @Test("it ends with a renewal that another caller's report of a refused token starts")
    func rejected() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        let waiter = Waiter(fixture, than: mark(fixture, left: 3600))
        await waiting(fixture)
        fixture.time.advance(by: .seconds(10))
        _ = try await fixture.vault.reject(nil, isRefused: nil)
        #expect(await waiter.outcome == "a2")
    }

    @Test("the same token once more does not end it; another one does, also if it expires no later")
    func sameAgain() async throws {
        let fixture = try VaultFixture(
            ScriptedRefresher(.renewed(access: "a1", expiresIn: 3591), .renewed(access: "a2", expiresIn: 3000)))
        await fixture.loggedIn()
        let until = mark(fixture, left: 3600)
        let waiter = Waiter(fixture, than: until)
        await waiting(fixture)
        fixture.time.advance(by: .seconds(10))
        _ = try await fixture.vault.reject(nil, isRefused: nil)
        await waiting(fixture)
        fixture.time.advance(by: .seconds(100))
        _ = try await fixture.vault.reject(nil, isRefused: nil)
        #expect(await waiter.outcome == "a2")
        #expect(await Waiter(fixture, than: until).outcome == "a2", "also for a request that comes after it")
    }

    @Test("a clock that is set does not make the client's token new, nor its successor old", arguments: [-7200, 7200])
    func clock(step: Int) async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        _ = try await fixture.token()
        let until = mark(fixture, left: 3600)
        fixture.time.stepWall(by: step)
        let waiter = Waiter(fixture, than: until)
        await waiting(fixture)
        fixture.time.advance(by: .seconds(100))
        _ = try await fixture.vault.reject(nil, isRefused: nil)
        #expect(await waiter.outcome == "a2")
        #expect(await Waiter(fixture, than: until).outcome == "a2")
    }

    @Test("a new login's token is newer, also if it expires earlier, and for a request that comes after it")
    func newLogin() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        let old = mark(fixture, left: 3600)
        let waiter = Waiter(fixture, than: old)
        await waiting(fixture)
        await fixture.loggedIn(access: "b1", refresh: "s1", expiresIn: 600)
        #expect(await waiter.outcome == "b1")
        #expect(await Waiter(fixture, than: old).outcome == "b1")
        // What no login had is waited for.
        for made in [700, 3610, 100_000] {
            let other = Waiter(fixture, than: mark(fixture, left: made))
            await waiting(fixture)
            other.cancel()
            #expect(await other.outcome == "same")
        }
    }

    @Test("a logout ends it with login_required, at once")
    func logout() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        let waiter = Waiter(fixture, than: mark(fixture, left: 3600))
        await waiting(fixture)
        _ = try await fixture.vault.signOut()
        #expect(await waiter.outcome == "login_required not_logged_in")
        #expect(await Waiter(fixture, than: mark(fixture, left: 3600)).outcome == "login_required not_logged_in")
    }

    @Test("the provider's end of the login ends it at once, although the token is still valid")
    func dead() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.dead))
        await fixture.loggedIn()
        let waiter = Waiter(fixture, than: mark(fixture, left: 3600))
        await waiting(fixture)
        fixture.time.advance(by: .seconds(10))
        _ = try? await fixture.vault.reject(nil, isRefused: nil)
        #expect(await waiter.outcome == "login_required invalid_grant")
        #expect(await Waiter(fixture, than: mark(fixture, left: 3590)).outcome == "login_required invalid_grant")
        #expect(try await fixture.token() == "a1")
    }

    @Test("a lock ends it at once, also while a refresh is running")
    func lock() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        let waiter = Waiter(fixture, than: mark(fixture, left: 3600))
        await waiting(fixture)
        let gate = Gate()
        fixture.refresher.hold(at: gate)
        async let rejection = fixture.vault.reject(nil, isRefused: nil)
        await gate.arrived()
        async let lock: Void = fixture.vault.lock()
        #expect(await waiter.outcome == "locked requested")
        gate.open()
        await lock
        _ = try? await rejection
        #expect(await Waiter(fixture, than: mark(fixture, left: 3600)).outcome == "locked requested")
    }

    @Test("a failed renewal does not end it, and at its end a valid token is the same; an expired one is the failure")
    func outage() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.down))
        await fixture.loggedIn()
        let waiter = Waiter(fixture, than: mark(fixture, left: 3600))
        await waiting(fixture)
        let due = try #require(fixture.vault.nextDue(keepAlive: nil))
        fixture.time.advance(by: due - fixture.time.now)
        await fixture.vault.runDue(keepAlive: nil)
        await waiting(fixture)
        waiter.cancel()
        #expect(await waiter.outcome == "same")
        let late = Waiter(fixture, than: mark(fixture, left: 1200))
        await waiting(fixture)
        fixture.time.advance(by: .seconds(3600))
        late.cancel()
        #expect(await late.outcome.contains("providerUnreachable"))
    }

    @Test("a token with a target is renewed ahead of its expiry, once for all that wait for it")
    func target() async throws {
        let fixture = try VaultFixture(
            ScriptedRefresher(.renewed(access: "t1", expiresIn: 120), .renewed(access: "t2", expiresIn: 120)))
        await fixture.loggedIn()
        _ = try await fixture.vault.token(minimumValidity: .seconds(10), for: Self.target)
        let until = mark(fixture, left: 120)
        // The renewal is due in 54 s at the earliest, so no timer runs now.
        let early = Waiter(fixture, than: until, minimumValidity: 10, target: Self.target)
        await waiting(fixture)
        #expect(fixture.time.sleeperCount == 0)
        early.cancel()
        #expect(await early.outcome == "same")
        fixture.time.advance(by: .seconds(40))
        let waiters = (0..<50).map { _ in
            Waiter(fixture, than: until, minimumValidity: 10, target: Self.target)
        }
        await waiting(fixture, 50)
        await eventually { fixture.time.sleeperCount == 50 }
        fixture.time.advance(by: .seconds(30))
        for waiter in waiters { #expect(await waiter.outcome == "t2") }
        #expect(fixture.refresher.targets.count == 2)
        await eventually { fixture.time.sleeperCount == 0 }
    }

    @Test("a request for a target that is due already starts the renewal itself, and only one")
    func due() async throws {
        let fixture = try VaultFixture(
            ScriptedRefresher(.renewed(access: "t1", expiresIn: 120), .down))
        await fixture.loggedIn()
        _ = try await fixture.vault.token(minimumValidity: .seconds(10), for: Self.target)
        let until = mark(fixture, left: 120)
        fixture.time.advance(by: .seconds(100))
        let waiter = Waiter(fixture, than: until, minimumValidity: 10, target: Self.target)
        await waiting(fixture)
        #expect(fixture.refresher.targets.count == 2)
        waiter.cancel()
        #expect(await waiter.outcome == "same")
    }

    @Test("many targets that push each other out of memory do not renew without end")
    func manyTargets() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "t", expiresIn: 3600)))
        await fixture.loggedIn()
        let waiters = try (0..<80).map { number in
            Waiter(fixture, than: mark(fixture, left: 3600), target: try TokenTarget(scopes: ["s\(number)"]))
        }
        await waiting(fixture, 80)
        #expect(fixture.refresher.targets.count == 80)
        for waiter in waiters { waiter.cancel() }
        for waiter in waiters { _ = await waiter.outcome }
        #expect(fixture.vault.waitCount == 0)
    }

    @Test("two tokens of which each renewal ends the other do not take turns without end")
    func endingTokens() async throws {
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "n", expiresIn: 3600)))
        fixture.refresher.endTokens()
        await fixture.loggedIn()
        let own = Waiter(fixture, than: mark(fixture, left: 3600))
        await waiting(fixture)
        let targeted = Waiter(fixture, than: mark(fixture, left: 3600), target: Self.target)
        await waiting(fixture, 2)
        #expect(fixture.refresher.targets.count == 1)
        for waiter in [own, targeted] { waiter.cancel() }
        _ = await targeted.outcome
        #expect(await own.outcome != "n", "its token has ended, and its next request gets another one")
    }

    @Test("a token without a known expiry is refused", arguments: [nil, "r1"] as [String?])
    func endless(refresh: String?) async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn(refresh: refresh, expiresIn: nil)
        #expect(await Waiter(fixture, than: mark(fixture, left: 0)).outcome == "endless")
    }

    @Test("a token that nothing can renew is waited for until it has expired; then a login is required")
    func notRenewable() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn(refresh: nil, expiresIn: 100)
        let waiter = Waiter(fixture, than: mark(fixture, left: 100), minimumValidity: 0)
        await waiting(fixture)
        fixture.time.advance(by: .seconds(70))
        waiter.cancel()
        #expect(await waiter.outcome == "same")
        let late = Waiter(fixture, than: mark(fixture, left: 30), minimumValidity: 0)
        await waiting(fixture)
        await eventually { fixture.time.sleeperCount == 1 }
        fixture.time.advance(by: .seconds(30))
        #expect(await late.outcome == "login_required no_refresh_token")
    }

    @Test("without a login it is refused at once, and without a token one is renewed first")
    func empty() async throws {
        let none = try VaultFixture()
        #expect(await Waiter(none, than: none.time.wall).outcome == "login_required not_logged_in")
        let stored = try VaultFixture()
        stored.stored()
        #expect(await Waiter(stored, than: stored.time.wall).outcome == "a2")
    }

    @Test("an account that another object takes over ends it as retired")
    func retired() async throws {
        let fixture = try VaultFixture()
        await fixture.loggedIn()
        let waiter = Waiter(fixture, than: mark(fixture, left: 3600))
        await waiting(fixture)
        await fixture.vault.retire()
        #expect(await waiter.outcome == "retired")
        #expect(await Waiter(fixture, than: mark(fixture, left: 3600)).outcome == "retired")
    }

    @Test("each token has a tag of its own, which is not made from it and lasts as long as the token")
    func tags() async throws {
        func tag(_ fixture: VaultFixture) async throws -> UInt64 {
            guard
                case .token(_, let tag) = try await fixture.vault.newerToken(
                    than: mark(fixture, left: 0), minimumValidity: .seconds(60))
            else { throw CancellationError() }
            return tag
        }
        let fixture = try VaultFixture(ScriptedRefresher(.renewed(access: "a1", refresh: "r1")))
        await fixture.loggedIn()
        let first = try await tag(fixture)
        #expect(try await tag(fixture) == first)
        await fixture.loggedIn(access: "a1")
        let second = try await tag(fixture)
        let other = try VaultFixture()
        await other.loggedIn()
        #expect(try await Set([first, second, tag(other)]).count == 3, "the tokens have the same text")
    }
}
