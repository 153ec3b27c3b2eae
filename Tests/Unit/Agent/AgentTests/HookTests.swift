import Agent
import AgentAPI
import Configuration
import OAuth
import Synchronization
import TestSupport
import Testing
import Vault

/// The programs that run when something happens.
struct HookTests {
    /// Runs the agent's background work while `body` runs.
    private func running(
        _ runner: RecordingRunner, _ body: (AgentFixture) async throws -> Void
    ) async throws {
        let fixture = try AgentFixture(hooks: runner.hooks)
        let background = Task { try await fixture.agent.run() }
        do { try await body(fixture) } catch {
            background.cancel()
            throw error
        }
        runner.gate.open()
        background.cancel()
        _ = await background.result
    }

    @Test("a login's prompt, a renewal and the end of the login run their programs with facts, and without tokens")
    func life() async throws {
        let runner = RecordingRunner()
        try await running(runner) { fixture in
            try await fixture.completeLogin(access: "canary-a1", refresh: "canary-r1")
            let prompt = try #require(await runner.waited(for: 1).first)
            #expect(prompt.program.path == "/hooks/on_login_prompt")
            #expect(prompt.limit == .seconds(30))
            #expect(prompt.facts["account"] as? String == "work")
            #expect(prompt.facts["user_code"] as? String != nil)
            #expect((prompt.facts["verification_uri"] as? String)?.hasPrefix("https://") == true)
            #expect((prompt.facts["expires_at"] as? Int ?? 0) > (prompt.facts["time"] as? Int ?? 0))
            fixture.provider.script(.token, .grant(access: "canary-a2", refresh: "canary-r2"))
            fixture.time.advance(by: .seconds(3600))
            _ = try await fixture.agent.token(fixture.name, TokenRequest())
            let renewal = try #require(await runner.waited(for: 2).last)
            #expect(renewal.event == "refreshed")
            #expect(renewal.facts["expires_at"] as? Int == fixture.time.wall + 3600)
            fixture.provider.script(.token, .error("invalid_grant"))
            fixture.time.advance(by: .seconds(3600))
            _ = try? await fixture.agent.token(fixture.name, TokenRequest())
            let end = try #require(await runner.waited(for: 3).last)
            #expect(end.event == "login_required")
            #expect(end.facts["reason"] as? String == "invalid_grant")
            #expect(end.facts["hint"] as? String == "run 'authagent login work'")
            #expect(!runner.runs.map(\.input).joined().contains("canary"))
            #expect(runner.runs.allSatisfy { $0.input.hasSuffix("}\n") && $0.facts["message"] is String })
        }
    }

    @Test("a hook that hangs delays no request; the newest facts of an account win, and the queue is bounded")
    func queue() async throws {
        let runner = RecordingRunner(isHanging: true)
        try await running(runner) { fixture in
            fixture.agent.report(.refreshed(fixture.name, scope: "first", expiresAt: 1))
            _ = await runner.waited(for: 1)
            for number in 2...50 {
                fixture.agent.report(.refreshed(fixture.name, scope: "newer", expiresAt: number))
            }
            for number in 0..<1000 {
                let name = try #require(AccountName("a\(number)"))
                fixture.agent.report(.refreshed(name, scope: "", expiresAt: nil))
            }
            #expect(runner.runs.count == 1)
            _ = await fixture.agent.status()
            runner.gate.open()
            let runs = await runner.waited(for: 65)
            #expect(runs[1].facts["scope"] as? String == "newer")
            #expect(runs[1].facts["expires_at"] as? Int == 50)
            fixture.agent.report(.refreshed(fixture.name, scope: "last", expiresAt: nil))
            await eventually { runner.runs.last?.facts["scope"] as? String == "last" }
            #expect(runner.runs.count == 66)
        }
    }

    @Test("what has happened last is last for the hooks, too")
    func order() async throws {
        let runner = RecordingRunner(isHanging: true)
        try await running(runner) { fixture in
            fixture.agent.report(.storeState("keyring", .hung, detail: nil, hint: nil))
            fixture.agent.report(.refreshed(fixture.name, scope: "begins", expiresAt: nil))
            _ = await runner.waited(for: 1)
            fixture.agent.report(AgentNews(.loginRequired, account: fixture.name))
            fixture.agent.report(.refreshed(fixture.name, scope: "", expiresAt: nil))
            fixture.agent.report(AgentNews(.loginRequired, account: fixture.name))
            runner.gate.open()
            #expect(await runner.waited(for: 3).suffix(2).map(\.event) == ["refreshed", "login_required"])
        }
    }

    @Test("a program that asks about one user's request does not delay another's, and few run at once")
    func confirmationsOfUsers() async throws {
        let runner = RecordingRunner(isHanging: true)
        var hooks = runner.hooks
        let made = Mutex(0)
        hooks.confirmations = {
            made.withLock { $0 += 1 }
            return runner
        }
        let fixture = try AgentFixture(hooks: hooks)
        func approval(_ user: UInt32) -> Approval {
            Approval(
                id: "\(user)", account: fixture.name, permission: "token", confirm: .each, user: user, pid: 7, rule: 1,
                requestedAt: 1, expiresAt: 41)
        }
        await withTaskGroup(of: Bool?.self) { group in
            for user in [1, 1, 2, 3, 4, 5, 6, 7, 8, 1000] as [UInt32] {
                group.addTask { await fixture.agent.confirm(approval(user)) }
            }
            _ = await runner.waited(for: 10)
            // Eight users and the owner have a program; the next user's request is left to the owner.
            #expect(made.withLock { $0 } == 9)
            #expect(await fixture.agent.confirm(approval(9)) == nil)
            runner.gate.open()
            for await answer in group { #expect(answer == true) }
        }
    }

    @Test("a problem of a store runs a program if an account uses the store")
    func stores() async throws {
        let runner = RecordingRunner()
        try await running(runner) { fixture in
            try await fixture.completeLogin()
            _ = await runner.waited(for: 1)
            fixture.agent.report(.storeState("sealed", .locked, detail: "locked", hint: "unlock it"))
            fixture.agent.report(.storeState("keyring", .ok, detail: nil, hint: nil))
            fixture.agent.report(.storeState("keyring", .hung, detail: "no answer", hint: "restart it"))
            let run = try #require(await runner.waited(for: 2).last)
            #expect(run.event == "store_problem")
            #expect(run.facts["store"] as? String == "keyring" && run.facts["state"] as? String == "hung")
            #expect(run.facts["message"] as? String == "the store 'keyring' is hung (no answer); restart it")
        }
    }

    @Test(
        "on_confirm answers with its exit code: 0 is yes, 1 is no, and all else is no answer",
        arguments: [
            (ProgramResult.End.exited(0), true), (.exited(1), false), (.exited(2), nil), (.signalled(9), nil),
            (.timedOut, nil), (.cancelled, nil),
        ] as [(ProgramResult.End, Bool?)])
    func confirm(end: ProgramResult.End, answer: Bool?) async throws {
        let runner = RecordingRunner()
        runner.ending = end
        let fixture = try AgentFixture(hooks: runner.hooks)
        let approval = Approval(
            id: "a1", account: fixture.name, permission: "token", confirm: .first, user: 1000, pid: 7,
            executableClaimed: "/usr/bin/curl", rule: 1, requestedAt: 1, expiresAt: 41)
        #expect(await fixture.agent.confirm(approval) == answer)
        let facts = try #require(runner.runs.first).facts
        #expect(facts["event"] as? String == "confirm")
        #expect((facts["approval"] as? [String: Any])?["executable_claimed"] as? String == "/usr/bin/curl")
        #expect(facts["message"] as? String == "/usr/bin/curl (pid 7, uid 1000) requests 'token' of 'work'")
    }

    @Test("without a program nothing is run, and a request has no answer")
    func none() async throws {
        let fixture = try AgentFixture()
        let approval = Approval(
            id: "a1", account: nil, permission: "admin", confirm: .each, user: 1, pid: 7, rule: 1, requestedAt: 1,
            expiresAt: 41)
        #expect(await fixture.agent.confirm(approval) == nil)
    }
}
