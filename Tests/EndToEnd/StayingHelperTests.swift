import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The keyring helper that stays between jobs, because its keyring locks items per client.
@Suite(.timeLimit(.minutes(5)))
struct StayingHelperTests {
    private func demo(
        _ keyring: any SessionKeyring, _ change: (inout DemoIssuer.Configuration) -> Void = { _ in }
    ) async throws -> DemoLogin {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUseWithFamily
        change(&configuration)
        return try await DemoLogin(configuration, keyring: keyring)
    }

    /// Logs in and returns the helper that stays.
    private func logIn(_ demo: DemoLogin) async throws -> Int32 {
        try await demo.logIn()
        await eventually("no helper stays") { demo.home.keyringHelpers.count == 1 }
        return try #require(demo.home.keyringHelpers.first)
    }

    private func expectSaved(
        _ demo: DemoLogin, _ keyring: ScriptedKeyring, _ accounts: [String] = ["work"]
    ) async throws {
        try await eventually("the keyring does not get the new refresh token") {
            let saved = try accounts.map { try keyring.refreshToken(of: $0) }
            return Set(saved) == Set(demo.issuer.liveRefreshTokens)
        }
    }

    // MARK: - Jobs

    @Test("the helper that wrote items stays, and writes later ones without a new permission")
    func stays() async throws {
        let keyring = try await ScriptedKeyring(.lockingItems())
        let demo = try await demo(keyring)
        let helper = try await logIn(demo)
        try await demo.logIn("other")
        let prompts = keyring.calls("Prompt").count
        try keyring.behave { $0.promptsToCreate = false }
        let clients = try ["work", "other"].map { try demo.home.client(["token", $0, "--renew"]) }
        for client in clients { #expect(await client.result().status == 0) }
        try await expectSaved(demo, keyring, ["work", "other"])
        for row in try await demo.accounts().values { #expect(row.state == .ok) }
        #expect(demo.home.keyringHelpers == [helper])
        #expect(Set(keyring.calls("CreateItem").map(\.process)) == [helper])
        #expect(keyring.calls("Prompt").count == prompts)
        #expect(keyring.calls("Unlock").isEmpty)
    }

    @Test(
        "no helper stays if staying has no effect, or if a buffer would keep secrets", arguments: [true, false])
    func endsElsewhere(locksItems: Bool) async throws {
        var behavior = ScriptedKeyring.Behavior()
        (behavior.locksItems, behavior.session) = (locksItems, locksItems ? "plain" : "dh")
        try await expectNoHelper(try await ScriptedKeyring(behavior))
    }

    @Test("with gnome-keyring no helper stays")
    func endsWithGnomeKeyring() async throws { try await expectNoHelper(try await PrivateKeyring()) }

    private func expectNoHelper(_ keyring: any SessionKeyring) async throws {
        let demo = try await demo(keyring)
        try await demo.logIn()
        #expect(try await demo.accounts()["work"]?.state == .ok)
        await eventually("a helper stays") { demo.home.keyringHelpers.isEmpty }
    }

    // MARK: - Its end

    @Test("a stopped helper fails at the job's deadline; tokens are served, and a new helper does the next job")
    func stopped() async throws {
        let keyring = try await ScriptedKeyring(.lockingItems())
        let demo = try await demo(keyring)
        let helper = try await logIn(demo)
        try keyring.behave { $0.isAllowed = true }
        kill(helper, SIGSTOP)
        let token = try await demo.home.authagent("token", "work", "--renew")
        #expect(token.status == 0)
        // The stopped helper has the save, and lives until its deadline.
        #expect(kill(helper, 0) == 0)
        #expect(try await demo.home.authagent("token", "work").output == token.output)
        try await eventually("the keyring is not shown as hung") {
            let row = try await demo.accounts()["work"]
            return row?.state == .unsaved && row?.lastError == "the keyring did not answer within 5 s"
        }
        #expect(kill(helper, 0) != 0)
        #expect(try await demo.home.authagent("token", "work").output == token.output)
        try await expectSaved(demo, keyring)
        let successor = try #require(keyring.calls("CreateItem").last).process
        #expect(successor != helper)
    }

    @Test("after the helper was killed, a new one does the next job without a failure")
    func killed() async throws {
        let keyring = try await ScriptedKeyring(.lockingItems())
        let demo = try await demo(keyring)
        let helper = try await logIn(demo)
        try keyring.behave { $0.isAllowed = true }
        kill(helper, SIGKILL)
        try await expectSavedAtOnce(demo, keyring)
        #expect(try #require(keyring.calls("CreateItem").last).process != helper)
    }

    @Test("after a restart of the provider, the same helper does the next job in a new session")
    func providerRestarts() async throws {
        let keyring = try await ScriptedKeyring(.lockingItems())
        let demo = try await demo(keyring)
        let helper = try await logIn(demo)
        try keyring.behave { $0.isAllowed = true }
        try await keyring.restartProvider()
        try await expectSavedAtOnce(demo, keyring)
        #expect(Set(keyring.calls("OpenSession").map(\.process)) == [helper])
    }

    /// Expects a renewal whose first save succeeds; a failure would be an event.
    private func expectSavedAtOnce(_ demo: DemoLogin, _ keyring: ScriptedKeyring) async throws {
        let curl = try MissingProgram.require("curl", package: "curl")
        let watcher = try ChildProcess(
            curl, ["-sN", "--unix-socket", demo.home.socket, "http://localhost/v1/events"],
            environment: demo.home.environment)
        await eventually("the agent's events are not watched") { watcher.outputSoFar.hasPrefix("id: ") }
        #expect(try await demo.home.authagent("token", "work", "--renew").status == 0)
        try await expectSaved(demo, keyring)
        #expect(try await demo.home.authagent("stop").status == 0)
        let events = await watcher.result().output
        #expect(events.contains("refreshed") && !events.contains("unsaved"), "\(events)")
    }

    @Test("the helper ends with its bus")
    func busEnds() async throws {
        let keyring = try await ScriptedKeyring(.lockingItems())
        let demo = try await demo(keyring)
        let helper = try await logIn(demo)
        await keyring.killBus()
        await eventually("it is still running") { demo.home.processState(helper).map { $0 == "Z" } ?? true }
        #expect(try await demo.home.authagent("token", "work").status == 0)
    }

    @Test("the helper ends with its agent", arguments: [SIGTERM, SIGKILL])
    func agentEnds(signal: Int32) async throws {
        let keyring = try await ScriptedKeyring(.lockingItems())
        let demo = try await demo(keyring)
        let helper = try await logIn(demo)
        kill(try #require(demo.home.daemonPID), signal)
        await eventually("it is still running") { demo.home.processState(helper).map { $0 == "Z" } ?? true }
    }

    // MARK: - Between jobs

    @Test("between jobs no page of the helper contains a token or a client secret")
    func memory() async throws {
        try #require(getuid() == 0, "this test reads the memory of another process, which only root can")
        let keyring = try await ScriptedKeyring(.lockingItems())
        let secret = "an+extraordinarily/secret%client=secret"
        let demo = try await demo(keyring) { $0.clientSecret = secret }
        let file = try demo.home.files.file("secret", secret)
        let options = [
            "--issuer", demo.issuer.issuer, "--store", "keyring", "--client-id", "server", "--client-secret-file", file,
        ]
        let login = try await demo.home.login("work", options) { demo.issuer.approve($0) }
        try #require(login.status == 0, "\(login.errors)")
        try #require(try await demo.home.authagent("token", "work", "--renew").status == 0)
        try await expectSaved(demo, keyring)
        try await expectNoSecret(demo, secret)

        // Again with a helper that had to get permission to read the item.
        await demo.home.killDaemon()
        try #require(try await demo.home.authagent("token", "work").status == 7)
        try keyring.behave { $0.isAllowed = true }
        try await eventually { try await demo.home.authagent("token", "work").status == 0 }
        try await expectSaved(demo, keyring)
        try await expectNoSecret(demo, secret)
    }

    private func expectNoSecret(_ demo: DemoLogin, _ secret: String) async throws {
        var search = MemorySearch()
        search.add("access", demo.issuer.accessTokens)
        search.add("refresh", demo.issuer.refreshTokens)
        search.add("client", secret)
        // Proves the search: before, the secrets are found.
        let agent = try await search.count(in: try #require(demo.home.daemonPID)).counts
        try #require(agent.values.contains { $0.locked > 0 }, "\(agent)")
        let helper = try #require(demo.home.keyringHelpers.first)
        await eventually { demo.home.threadsSleep(helper) }
        let (counts, places) = try await search.count(in: helper)
        #expect(counts.values.allSatisfy { $0 == MemorySearch.Count() }, "\(counts)\n\(places)")
    }

    @Test("between jobs the helper does not wake up")
    func sleeps() async throws {
        let keyring = try await ScriptedKeyring(.lockingItems())
        let demo = try await demo(keyring)
        let helper = try await logIn(demo)
        let other = try await DemoIssuer.start()
        let options = ["--issuer", other.issuer, "--client-id", "tv", "--store", "memory"]
        let login = try demo.home.client(["login", "other"] + options)
        func polls() -> Int { other.log.filter { $0.endpoint == .token }.count }
        // By the second poll the job has ended.
        await eventually { polls() >= 2 && demo.home.threadsSleep(helper) }
        let before = try demo.home.contextSwitches(helper)
        await eventually { polls() >= 5 }
        for _ in 0..<20 { #expect(try await demo.home.authagent("token", "work").status == 0) }
        #expect(try demo.home.contextSwitches(helper) == before)
        #expect(demo.home.keyringHelpers == [helper])
        login.signal(SIGINT)
        _ = await login.result()
    }
}
