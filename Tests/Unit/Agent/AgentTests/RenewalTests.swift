import Agent
import AgentAPI
import Configuration
import Foundation
import OAuth
import TestSupport
import Testing
import Vault

/// The logins that the agent itself renews by a question on the user's phone.
struct RenewalTests {
    private static let file = "grant = \"ciba\"\nrenew = \"ciba\""

    /// Waits until the agent has asked so often.
    private func asked(_ count: Int, _ fixture: CibaFixture) async {
        await eventually { fixture.questions.count == count }
    }

    /// Lets time pass in steps, while the background work does what is due.
    private func pass(_ fixture: CibaFixture, minutes: Int) async {
        let step = max(5, minutes / 48)
        for _ in 0..<(minutes / step) {
            fixture.time.advance(by: .seconds(step * 60))
            await fixture.settle()
        }
    }

    /// Lets a question of two minutes expire without an answer.
    private func expire(_ fixture: CibaFixture) async {
        await eventually { fixture.time.hasSleeper(within: .seconds(5)) }
        fixture.time.advance(by: .seconds(125))
        await eventually { (try? await fixture.status().renewal?.state) == .waiting }
    }

    @Test("after invalid_grant the agent asks; token requests say so at once, and get a token after the approval")
    func renewal() async throws {
        let fixture = try CibaFixture(Self.file)
        try await fixture.running {
            try await fixture.logInAndLose()
            await asked(2, fixture)
            await eventually { await fixture.problem()?.reason == "renewal_pending" }
            let problem = try #require(await fixture.problem())
            #expect(problem.code == .loginRequired)
            #expect(problem.hint?.contains("phone") == true, "\(problem.hint ?? "")")
            #expect(fixture.agent.agent.tokenAtOnce(fixture.agent.name, TokenRequest())?.failure == problem)
            let status = try await fixture.status()
            #expect(status.state == .loginPending)
            #expect(status.renewal?.state == .pending)
            let words = try #require(fixture.questions.last?["binding_message"])
            #expect(status.renewal?.detail?.contains(words) == true, "\(status)")

            fixture.grant("a2", idToken: try fixture.idToken())
            await fixture.agent.passInterval()
            await eventually { await fixture.problem() == nil }
            try await eventually { try await fixture.status().renewal?.state == .ready }
            #expect(fixture.questions.count == 2)
        }
    }

    @Test("no request starts a question: not the first one after the end, and not a thousand")
    func storm() async throws {
        let fixture = try CibaFixture(Self.file)
        // Without the background work nothing but requests is there to start one.
        try await fixture.logInAndLose()
        for _ in 0..<1000 { _ = await fixture.problem() }
        #expect(await fixture.problem()?.reason == "invalid_grant")
        #expect(fixture.questions.count == 1)
        try await fixture.running {
            await asked(2, fixture)
            for _ in 0..<1000 { _ = await fixture.problem() }
            await fixture.settle()
            #expect(fixture.questions.count == 2)
        }
    }

    @Test("without an answer the agent asks again after an hour, and three times in 24 hours")
    func rate() async throws {
        let fixture = try CibaFixture(Self.file)
        try await fixture.running {
            try await fixture.logInAndLose()
            for count in 2...3 {
                await asked(count, fixture)
                await expire(fixture)
                await pass(fixture, minutes: 55)
                #expect(fixture.questions.count == count)
                fixture.time.advance(by: .seconds(600))
            }
            await asked(4, fixture)
            await expire(fixture)
            await pass(fixture, minutes: 20 * 60)
            #expect(fixture.questions.count == 4)
            fixture.time.advance(by: .seconds(3 * 3600))
            await asked(5, fixture)
        }
    }

    @Test("agents that are started again and again ask no more often than one")
    func restarts() async throws {
        let fixture = try CibaFixture(Self.file)
        try await fixture.running {
            try await fixture.logInAndLose()
            await asked(2, fixture)
        }
        var wall = fixture.time.wall
        for minutes in [1, 10, 48] {
            wall += minutes * 60
            let next = try CibaFixture(Self.file, restarting: fixture, at: wall)
            next.provider.script(.token, .error("authorization_pending"))
            try await next.running {
                await eventually { (try? await next.status().renewal?.state) == .waiting }
                await next.settle()
                #expect(next.questions.isEmpty, "\(minutes)")
            }
        }
        let later = try CibaFixture(Self.file, restarting: fixture, at: wall + 120)
        later.provider.script(.token, .error("authorization_pending"))
        try await later.running { await asked(1, later) }
    }

    @Test("after the user has declined the agent does not ask again, also restarted, until a person has logged in")
    func declined() async throws {
        let fixture = try CibaFixture(Self.file)
        try await fixture.running {
            try await fixture.logInAndLose()
            await asked(2, fixture)
            fixture.provider.script(.token, .error("access_denied"))
            await fixture.agent.passInterval()
            await eventually { (try? await fixture.status().renewal?.state) == .stopped }
            #expect(try await fixture.status().renewal?.detail?.contains("declined") == true)
            #expect(await fixture.problem()?.reason == "invalid_grant")
            await pass(fixture, minutes: 26 * 60)
            #expect(fixture.questions.count == 2)
        }
        let next = try CibaFixture(Self.file, restarting: fixture, at: fixture.time.wall)
        try await next.running {
            await eventually { (try? await next.status().renewal?.state) == .stopped }
            await next.settle()
            #expect(next.questions.isEmpty)
            guard case .done? = try await next.logIn(try next.idToken()) else {
                Issue.record("no login")
                return
            }
            #expect(try await next.status().renewal?.state == .ready)
            await next.lose()
            await asked(2, next)
        }
    }

    @Test("a login of another person, or of one who is not certain, is not kept, and the agent does not ask again")
    func otherPerson() async throws {
        let cases: [[String: String?]?] = [
            ["sub": #""eve""#], nil, ["aud": #""x""#],
        ]
        for changes in cases {
            let fixture = try CibaFixture(Self.file)
            try await fixture.running {
                try await fixture.logInAndLose()
                await asked(2, fixture)
                fixture.grant("a2", idToken: try changes.map { try fixture.idToken($0) })
                await fixture.agent.passInterval()
                await eventually { (try? await fixture.status().renewal?.state) == .stopped }
                #expect(await fixture.problem()?.code == .loginRequired)
                #expect(try await fixture.status().subject == "ann")
            }
        }
    }

    @Test("an approval in vain, as the keys cannot be fetched, is not asked for again")
    func inVain() async throws {
        let fixture = try CibaFixture(Self.file)
        try await fixture.running {
            try await fixture.logInAndLose()
            await asked(2, fixture)
            fixture.grant("a2", idToken: try fixture.idToken(signer: try TokenSigner()))
            fixture.provider.script(.keys, .failure(.unreachable("down")))
            await fixture.agent.passInterval()
            await eventually { (try? await fixture.status().renewal?.state) == .stopped }
            await pass(fixture, minutes: 26 * 60)
            #expect(fixture.questions.count == 2)
        }
    }

    @Test("a file of questions that cannot be read counts as three questions, also after another start")
    func unreadable() async throws {
        let fixture = try CibaFixture(Self.file)
        try fixture.agent.files.file("renewals.json", "{", mode: 0o600)
        let first = try CibaFixture(Self.file, restarting: fixture, at: fixture.time.wall)
        try await first.running {
            try await first.logInAndLose()
            await pass(first, minutes: 120)
            #expect(first.questions.count == 1)
        }
        let second = try CibaFixture(Self.file, restarting: fixture, at: first.time.wall)
        try await second.running {
            await eventually { (try? await second.status().renewal?.state) == .waiting }
            await pass(second, minutes: 120)
            #expect(second.questions.isEmpty)
        }
        let later = try CibaFixture(Self.file, restarting: fixture, at: fixture.time.wall + 86_401)
        later.provider.script(.token, .error("authorization_pending"))
        try await later.running { await asked(1, later) }
    }

    @Test("notes of another version or with impossible times count against another question")
    func strange() throws {
        let files = try TemporaryDirectory()
        let file = RenewalFile(path: files.path + "/renewals.json")
        try files.file(
            "renewals.json",
            #"{"people":{"a":{"asked":[-9223372036854775808,9223372036854775807]},"b":{"asked":"x","stopped":"new"}}}"#,
            mode: 0o600)
        let content = try #require(file.load())
        #expect(content.people["b"]?.stopped == .refused)
        let now = ContinuousClock.now
        for note in content.people.values {
            let budget = RenewalBudget(note, at: now, wall: 1_800_000_000)
            #expect(budget.asked.allSatisfy { $0 == now } && !budget.asked.isEmpty)
        }
        try file.save(content)
        #expect(file.load() == content)
    }

    @Test("a reload without the key withdraws the question")
    func reloaded() async throws {
        let fixture = try CibaFixture(Self.file)
        let file = "\(fixture.agent.files.path)/user/work.toml"
        try await fixture.running {
            try await fixture.logInAndLose()
            await asked(2, fixture)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try text.replacingOccurrences(of: "renew = \"ciba\"", with: "").write(
                toFile: file, atomically: false, encoding: .utf8)
            try await fixture.agent.agent.reload()
            await eventually { await fixture.problem()?.reason == "invalid_grant" }
            await eventually { (try? await fixture.status().state) == .loginRequired }
        }
    }

    @Test("nothing is asked while the agent is locked, and a pending question is withdrawn")
    func locked() async throws {
        let fixture = try CibaFixture(Self.file)
        try await fixture.running {
            try await fixture.logInAndLose()
            await asked(2, fixture)
            _ = try await fixture.agent.agent.lock(LockRequest())
            let polls = fixture.provider.requests(.token).count
            await pass(fixture, minutes: 26 * 60)
            #expect(fixture.questions.count == 2)
            #expect(fixture.provider.requests(.token).count == polls)
            _ = try await fixture.agent.agent.unlock(UnlockRequest())
            await asked(3, fixture)
        }
    }

    @Test("after a logout nothing is asked, and what the user approves then is not kept")
    func logout() async throws {
        let fixture = try CibaFixture(Self.file)
        try await fixture.running {
            try await fixture.logInAndLose()
            await asked(2, fixture)
            fixture.grant("a2", idToken: try fixture.idToken())
            _ = try await fixture.agent.agent.logout(fixture.agent.name, LogoutRequest())
            await pass(fixture, minutes: 26 * 60)
            #expect(fixture.questions.count == 2)
            #expect(await fixture.problem()?.reason == "not_logged_in")
        }
    }

    @Test("nothing is asked if the end is not confirmed: an outage, or refusals without an OAuth error")
    func unconfirmed() async throws {
        let fixture = try CibaFixture(Self.file)
        try await fixture.running {
            guard case .done? = try await fixture.logIn(try fixture.idToken()) else {
                Issue.record("no login")
                return
            }
            for answer in [FakeProvider.Answer.failure(.unreachable("down")), .json(400, "")] {
                fixture.provider.script(.token, answer)
                for _ in 0..<6 {
                    fixture.time.advance(by: .seconds(3600))
                    _ = await fixture.problem()
                }
            }
            #expect(await fixture.problem()?.reason == "provider_rejected")
            await fixture.settle()
            #expect(fixture.questions.count == 1)
            #expect(try await fixture.status().renewal?.state == .stopped)
        }
    }

    @Test("nothing is asked without the key, or if the person of the login is not known")
    func unknown() async throws {
        let without = try CibaFixture()
        try await without.running {
            try await without.logInAndLose()
            await pass(without, minutes: 120)
            #expect(without.questions.count == 1)
            #expect(try await without.status().renewal == nil)
        }
        let device = try CibaFixture("renew = \"ciba\"")
        try await device.running {
            guard case .done? = try await device.logIn(nil) else {
                Issue.record("no login")
                return
            }
            await device.lose()
            await pass(device, minutes: 120)
            #expect(device.questions.isEmpty)
            let renewal = try #require(try await device.status().renewal)
            #expect(renewal.state == .stopped)
            #expect(renewal.detail?.contains("not known") == true)
        }
    }

    @Test("a login by the device grant is renewed by CIBA, with the scope openid, and the account's file stays")
    func device() async throws {
        let fixture = try CibaFixture("renew = \"ciba\"")
        let file = "\(fixture.agent.files.path)/user/work.toml"
        let before = try String(contentsOfFile: file, encoding: .utf8)
        try await fixture.running {
            try await fixture.logInAndLose()
            await asked(1, fixture)
            #expect(fixture.questions.last?["scope"] == "openid mail")
            fixture.grant("a2", idToken: try fixture.idToken())
            await fixture.agent.passInterval()
            await eventually { await fixture.problem() == nil }
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == before)
        // A person's login is still by device.
        let log = try await fixture.agent.login(LoginRequest())
        #expect(await log.prompt()?.grant == .device)
        try await fixture.agent.agent.cancelLogin(fixture.agent.name)
    }

    @Test("no question is sent that cannot be noted first")
    func unwritable() async throws {
        let fixture = try CibaFixture(Self.file)
        // A directory in the place of the file.
        try fixture.agent.files.directory("renewals.json")
        try await fixture.running {
            try await fixture.logInAndLose()
            await pass(fixture, minutes: 26 * 60)
            #expect(fixture.questions.count == 1)
        }
    }

    @Test("the client's secret is sent to the hosts of the login only, if metadata moves before a renewal")
    func moved() async throws {
        let fixture = try CibaFixture(Self.file)
        try await fixture.running {
            guard case .done? = try await fixture.logIn(try fixture.idToken()) else {
                Issue.record("no login")
                return
            }
            fixture.publish(
                #""backchannel_authentication_endpoint":"https://evil.example/backchannel","backchannel_token_delivery_modes_supported":["poll"]"#
            )
            await fixture.lose()
            await pass(fixture, minutes: 180)
            #expect(fixture.provider.urls(.backchannel).allSatisfy { $0.hasPrefix(FakeProvider.issuer) })
            #expect(fixture.questions.count == 1)
        }
    }

    @Test("the hook for prompts gets the words of the phone")
    func hook() async throws {
        let runner = RecordingRunner()
        let fixture = try CibaFixture(Self.file, hooks: runner.hooks)
        try await fixture.running {
            try await fixture.logInAndLose()
            await asked(2, fixture)
            await eventually { runner.runs.count { $0.event == "login_prompt" } == 2 }
            let prompt = try #require(runner.runs.last { $0.event == "login_prompt" })
            let words = try #require(fixture.questions.last?["binding_message"])
            #expect(prompt.facts["binding_message"] as? String == words)
            #expect((prompt.facts["message"] as? String)?.contains(words) == true)
            #expect(runner.runs.contains { $0.event == "login_required" })
        }
    }

    @Test("a person's login joins the pending question, and cancels it")
    func joined() async throws {
        let fixture = try CibaFixture(Self.file)
        try await fixture.running {
            try await fixture.logInAndLose()
            await asked(2, fixture)
            let log = try await fixture.agent.login(LoginRequest())
            #expect(await log.prompt()?.bindingMessage == fixture.questions.last?["binding_message"])
            try await fixture.agent.agent.cancelLogin(fixture.agent.name)
            #expect(await fixture.problem()?.reason == "invalid_grant")
            await pass(fixture, minutes: 55)
            #expect(fixture.questions.count == 2)
        }
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}
