import AgentAPI
import OAuth
import SecretMemory
import Synchronization
import TestSupport
import Testing
import Vault

/// Credentials of AWS roles, which belong to one login.
struct RoleTests {
    private static let role = AWSRole.assigned(role: "ReadOnly", account: "123456789012")

    /// AWS, which answers from a script; the last line repeats.
    private final class Script: Sendable {
        private struct State {
            var answers: [Result<RoleCredentials, RoleFailure>]
            var tokens: [String] = []
            var gate: Gate?
        }

        private let state: Mutex<State>

        init(_ answers: Result<RoleCredentials, RoleFailure>...) { state = Mutex(State(answers: answers)) }

        var tokens: [String] { state.withLock { $0.tokens } }
        func hold(at gate: Gate?) { state.withLock { $0.gate = gate } }
        func answer(_ answers: Result<RoleCredentials, RoleFailure>...) { state.withLock { $0.answers = answers } }

        func send(_ token: AccessToken) async -> Result<RoleCredentials, RoleFailure> {
            let (gate, answer) = state.withLock { state in
                state.tokens.append(token.secret.revealedText())
                return (
                    state.gate, state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
                )
            }
            await gate?.pass()
            return answer
        }
    }

    private static func found(
        _ name: String, in seconds: Int = 3600, at wall: Int = 1_800_000_000
    ) -> Result<RoleCredentials, RoleFailure> {
        .success(
            RoleCredentials(
                accessKeyID: name, secretAccessKey: SecretBytes("s"), sessionToken: SecretBytes("t"),
                expiresAt: wall + seconds, issuedAt: wall))
    }

    private func request(
        _ fixture: VaultFixture, _ script: Script, _ role: AWSRole = role, by user: UInt32? = nil
    ) async -> Result<String, RoleRefusal> {
        do throws(RoleRefusal) {
            let held = try await fixture.vault.roleCredentials(of: role, by: user) { await script.send($0) }
            return .success(held.credentials.accessKeyID)
        } catch { return .failure(error) }
    }

    @Test("credentials are served from memory until 15 minutes before they end, and then requested again")
    func cached() async throws {
        let (fixture, script) = (try VaultFixture(), Script(Self.found("k1"), Self.found("k2")))
        await fixture.loggedIn()
        #expect(await request(fixture, script) == .success("k1"))
        fixture.time.advance(by: .seconds(2699))
        #expect(await request(fixture, script) == .success("k1"))
        #expect(script.tokens.count == 1)
        fixture.time.advance(by: .seconds(1))
        #expect(await request(fixture, script) == .success("k2"))
        #expect(script.tokens.count == 2)
    }

    @Test("credentials of a quarter of an hour are served for a quarter of that")
    func short() async throws {
        let (fixture, script) = (try VaultFixture(), Script(Self.found("k1", in: 900), Self.found("k2", in: 900)))
        await fixture.loggedIn()
        #expect(await request(fixture, script) == .success("k1"))
        fixture.time.advance(by: .seconds(224))
        #expect(await request(fixture, script) == .success("k1"))
        fixture.time.advance(by: .seconds(2))
        #expect(await request(fixture, script) == .success("k2"))
    }

    @Test("the lifetime is counted by AWS's clock; without it, by this machine's")
    func clocks() async throws {
        for issuedAt in [1_800_086_400, nil] {
            let fixture = try VaultFixture()
            let expiresAt = (issuedAt ?? fixture.time.wall) + 1000
            let script = Script(
                .success(
                    RoleCredentials(
                        accessKeyID: "k1", secretAccessKey: SecretBytes("s"), sessionToken: SecretBytes("t"),
                        expiresAt: expiresAt, issuedAt: issuedAt)))
            await fixture.loggedIn()
            _ = await request(fixture, script)
            fixture.time.advance(by: .seconds(240))
            _ = await request(fixture, script)
            #expect(script.tokens.count == 1)
            fixture.time.advance(by: .seconds(20))
            _ = await request(fixture, script)
            #expect(script.tokens.count == 2)
        }
    }

    @Test("callers of one role share a request; other roles and other accounts do not wait for it")
    func shared() async throws {
        let (fixture, script, gate) = (try VaultFixture(), Script(Self.found("k1")), Gate())
        await fixture.loggedIn()
        script.hold(at: gate)
        async let first = request(fixture, script)
        await gate.arrived()
        async let second = request(fixture, script)
        let other = Script(Self.found("k9"))
        #expect(await request(fixture, other, .assigned(role: "Admin", account: "123456789012")) == .success("k9"))
        #expect(try await fixture.token() == "a1")
        gate.open()
        #expect(await [first, second] == [.success("k1"), .success("k1")])
        #expect(script.tokens == ["a1"])
    }

    @Test("a caller that leaves ends neither the request nor the other caller's wait")
    func abandoned() async throws {
        let (fixture, script, gate) = (try VaultFixture(), Script(Self.found("k1")), Gate())
        await fixture.loggedIn()
        script.hold(at: gate)
        let leaving = Task { await request(fixture, script) }
        await gate.arrived()
        let staying = Task { await request(fixture, script) }
        leaving.cancel()
        #expect(await leaving.value == .failure(.token(.abandoned)))
        gate.open()
        #expect(await staying.value == .success("k1"))
        #expect(script.tokens.count == 1)
    }

    @Test("a refused token is renewed once and the request repeated; a second refusal is the answer")
    func refusedToken() async throws {
        let (fixture, script) = (try VaultFixture(), Script(.failure(.tokenRefused("no")), Self.found("k1")))
        await fixture.loggedIn()
        #expect(await request(fixture, script) == .success("k1"))
        #expect(script.tokens == ["a1", "a2"])

        let (second, stubborn) = (try VaultFixture(), Script(.failure(.tokenRefused("no"))))
        await second.loggedIn()
        #expect(await request(second, stubborn) == .failure(.role(.tokenRefused("no"))))
        #expect(stubborn.tokens == ["a1", "a2"])
        // Within 15 s neither AWS nor the provider is requested again, and within a minute not the provider.
        #expect(await request(second, stubborn) == .failure(.role(.tokenRefused("no"))))
        #expect(stubborn.tokens.count == 2)
        second.time.advance(by: .seconds(16))
        #expect(await request(second, stubborn) == .failure(.role(.tokenRefused("no"))))
        #expect(stubborn.tokens == ["a1", "a2", "a2"])
        #expect(second.refresher.spent.count == 1)
    }

    @Test("a refused role is remembered, drops its credentials, and leaves the login and other roles alone")
    func refusedRole() async throws {
        let (fixture, script) = (try VaultFixture(), Script(Self.found("k1"), .failure(.roleRefused("gone"))))
        await fixture.loggedIn(expiresIn: 7200)
        _ = await request(fixture, script)
        fixture.time.advance(by: .seconds(2800))
        #expect(await request(fixture, script) == .failure(.role(.roleRefused("gone"))))
        #expect(await request(fixture, script) == .failure(.role(.roleRefused("gone"))))
        #expect(script.tokens.count == 2)
        #expect(try await fixture.token() == "a1")
        let other = Script(Self.found("k9", at: 1_800_002_800))
        #expect(await request(fixture, other, .assigned(role: "Admin", account: "123456789012")) == .success("k9"))
        fixture.time.advance(by: .seconds(15))
        script.answer(Self.found("k3", at: 1_800_002_815))
        #expect(await request(fixture, script) == .success("k3"))
    }

    @Test(
        "while AWS is down, credentials are served for as long as they are valid for a minute, and requests back off",
        arguments: [
            RoleFailure.busy("b", retryAfter: nil), .unreachable(.unreachable("u")), .unreachable(.nameNotFound("n")),
            .unreadable("r"),
        ])
    func outage(failure: RoleFailure) async throws {
        let (fixture, script) = (try VaultFixture(), Script(Self.found("k1"), .failure(failure)))
        await fixture.loggedIn(expiresIn: 7200)
        _ = await request(fixture, script)
        fixture.time.advance(by: .seconds(3000))
        for _ in 0..<20 { #expect(await request(fixture, script) == .success("k1")) }
        #expect(script.tokens.count == 2)
        // Another role of the same service does not try anew.
        let other = AWSRole.assigned(role: "Admin", account: "123456789012")
        #expect(await request(fixture, script, other) == .failure(.role(failure)))
        #expect(script.tokens.count == 2)
        fixture.time.advance(by: .seconds(545))
        #expect(await request(fixture, script) == .failure(.role(failure)))
        fixture.time.advance(by: .seconds(1000))
        script.answer(Self.found("k2", at: fixture.time.wall))
        #expect(await request(fixture, script) == .success("k2"))
    }

    @Test("Retry-After is honoured: nothing is sent before")
    func retryAfter() async throws {
        let (fixture, script) = (
            try VaultFixture(), Script(.failure(.busy("b", retryAfter: .seconds(30))), Self.found("k1"))
        )
        await fixture.loggedIn()
        for _ in 0..<2 {
            #expect(await request(fixture, script) == .failure(.role(.busy("b", retryAfter: .seconds(30)))))
        }
        fixture.time.advance(by: .seconds(29))
        _ = await request(fixture, script)
        #expect(script.tokens.count == 1)
        fixture.time.advance(by: .seconds(32))
        #expect(await request(fixture, script) == .success("k1"))
    }

    @Test("a logout, a lock and another login drop the credentials, and what a request under way brings")
    func ended() async throws {
        for change in 0..<4 {
            let (fixture, script, gate) = (try VaultFixture(), Script(Self.found("k1")), Gate())
            await fixture.loggedIn()
            #expect(await request(fixture, script) == .success("k1"))
            script.answer(Self.found("late"), Self.found("k2"))
            script.hold(at: gate)
            let other = AWSRole.assigned(role: "Admin", account: "123456789012")
            let waiting = Task { await request(fixture, script, other) }
            await gate.arrived()
            let ending = Task {
                switch change {
                case 0: _ = try await fixture.vault.signOut()
                case 1: await fixture.vault.lock()
                case 2: await fixture.vault.retire()
                default: await fixture.loggedIn(access: "b1", refresh: "s1")
                }
            }
            if change == 3 {
                try await ending.value
            } else {
                await eventually {
                    fixture.vault.lockReason != nil || fixture.vault.heldToken(for: nil) == nil
                }
            }
            script.hold(at: nil)
            gate.open()
            try await ending.value
            let (late, cached) = (await waiting.value, await request(fixture, script))
            switch change {
            case 1: #expect(late == .failure(.token(.locked(.requested))) && cached == late)
            case 3:
                #expect(late == .success("k2") && cached == .success("k2"))
                #expect(script.tokens.suffix(2) == ["b1", "b1"])
            default: #expect(late == .failure(.token(.loginRequired(.notLoggedIn))) && cached == late)
            }
        }
    }

    @Test("after an unlock the credentials are requested anew, with the login from the store")
    func unlocked() async throws {
        let (fixture, script) = (try VaultFixture(), Script(Self.found("k1"), Self.found("k2")))
        await fixture.loggedIn()
        _ = await request(fixture, script)
        await fixture.vault.lock()
        fixture.vault.unlock()
        #expect(await request(fixture, script) == .success("k2"))
        #expect(script.tokens == ["a1", "a2"])
    }

    @Test("changed settings drop the credentials: they are of another address")
    func reloaded() async throws {
        let (fixture, script) = (try VaultFixture(), Script(Self.found("k1"), Self.found("k2")))
        await fixture.loggedIn()
        _ = await request(fixture, script)
        fixture.vault.forgetTargets()
        #expect(await request(fixture, script) == .success("k2"))
    }

    @Test("made-up roles and session names are bounded, for each user by itself, and known roles are served")
    func bounds() async throws {
        let (fixture, script) = (try VaultFixture(), Script(Self.found("k1"), .failure(.roleRefused("no"))))
        await fixture.loggedIn(expiresIn: nil)
        _ = await request(fixture, script)
        for number in 0..<30 {
            _ = await request(fixture, script, .assigned(role: "r\(number)", account: "123456789012"), by: 4242)
        }
        #expect(script.tokens.count == 11)
        #expect(await request(fixture, script) == .success("k1"))
        // The owner has attempts left.
        _ = await request(fixture, script, .assigned(role: "x", account: "123456789012"))
        #expect(script.tokens.count == 12)
        fixture.time.advance(by: .seconds(61))
        _ = await request(fixture, script, .assigned(role: "r99", account: "123456789012"), by: 4242)
        #expect(script.tokens.count == 13)

        script.answer(Self.found("k2", at: fixture.time.wall))
        for number in 0..<100 {
            _ = await request(fixture, script, .assigned(role: "n\(number)", account: "123456789012"))
        }
        let count = script.tokens.count
        _ = await request(fixture, script, .assigned(role: "n99", account: "123456789012"))
        #expect(script.tokens.count == count)
        _ = await request(fixture, script, .assigned(role: "n0", account: "123456789012"))
        #expect(script.tokens.count == count + 1)
    }

    @Test("without a login, or an ID token where one is needed, nothing is sent")
    func noToken() async throws {
        let (fixture, script) = (try VaultFixture(), Script(Self.found("k1")))
        #expect(await request(fixture, script) == .failure(.token(.loginRequired(.notLoggedIn))))
        await fixture.loggedIn()
        let arn = AWSRole.trusting(arn: "arn:aws:iam::123456789012:role/ci", sessionName: nil, duration: nil)
        #expect(await request(fixture, script, arn) == .failure(.token(.noIDToken(.notIssued))))
        #expect(script.tokens.isEmpty)
    }
}
