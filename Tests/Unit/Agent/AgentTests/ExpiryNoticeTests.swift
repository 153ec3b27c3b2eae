import Agent
import AgentAPI
import Configuration
import OAuth
import TestSupport
import Testing
import Vault

/// The announcement that a login will expire.
struct ExpiryNoticeTests {
    /// A login of ten days, which is announced on its last.
    private static let life = 10 * 86_400

    private func logIn(_ fixture: AgentFixture) async throws {
        fixture.provider.script(.token, .grant(access: "a1", refresh: "r1", refreshExpiresIn: Self.life))
        let log = try await fixture.login()
        await fixture.passInterval()
        _ = await log.events()
    }

    /// Runs the background work while `body` runs.
    private func running(_ fixture: AgentFixture, _ body: () async throws -> Void) async throws {
        let background = Task { try await fixture.agent.run() }
        defer { background.cancel() }
        try await body()
        background.cancel()
        _ = await background.result
    }

    /// Advances in steps, as the agent looks at the wall clock from time to time.
    private func pass(_ fixture: AgentFixture, days: Int) async {
        for _ in 0..<(days * 4) {
            await eventually { fixture.time.hasSleeper(within: .seconds(6 * 3600)) }
            fixture.time.advance(by: .seconds(6 * 3600))
        }
    }

    /// The announcements so far.
    private func announced(_ fixture: AgentFixture) async -> [AgentNews] {
        var news: [AgentNews] = []
        let last = fixture.agent.events(after: nil).start.count
        for await event in fixture.agent.events(after: "0-0").events {
            if event.news.kind == .loginExpires { news.append(event.news) }
            if event.id.count == last { break }
        }
        return news
    }

    /// Waits for the first announcement.
    private func first(_ fixture: AgentFixture) async throws -> AgentNews {
        await eventually { await !announced(fixture).isEmpty }
        return try #require(await announced(fixture).first)
    }

    @Test("a login is announced once, in the last tenth of its life, with the time and the command")
    func once() async throws {
        let fixture = try AgentFixture()
        try await running(fixture) {
            try await logIn(fixture)
            let end = fixture.time.wall + Self.life
            await pass(fixture, days: 8)
            #expect(await announced(fixture).isEmpty)
            await pass(fixture, days: 1)
            let news = try await first(fixture)
            #expect(news.loginExpiresAt == end)
            #expect(news.hint == "run 'authagent login work'")
            #expect(news.detail == "the login expires in 24 hours", "\(news.detail ?? "")")
            fixture.time.advance(by: .seconds(12 * 3600))
            _ = await fixture.agent.status()
            #expect(await announced(fixture).count == 1)
        }
    }

    @Test("a restarted agent does not announce a login again")
    func restart() async throws {
        let fixture = try AgentFixture()
        try await running(fixture) {
            try await logIn(fixture)
            await pass(fixture, days: 9)
            _ = try await first(fixture)
            let saved = NoticeFile(path: fixture.files.path + "/notices.json")
            await eventually { saved.load()["work"] == fixture.time.wall }
        }
        let restarted = try AgentFixture(restarting: fixture)
        restarted.time.stepWall(by: 9 * 86_400)
        try await running(restarted) {
            await eventually {
                await restarted.agent.status().accounts.first?.loginExpiresAt != nil
            }
            // Each change of the accounts makes the agent look at what is due.
            try await restarted.agent.reload()
            for _ in 0..<1000 { await Task.yield() }
            #expect(await announced(restarted).isEmpty)
        }
    }

    @Test("a note from a clock that was wrong does not keep a login from being announced")
    func wrongClock() async throws {
        let fixture = try AgentFixture()
        try NoticeFile(path: fixture.files.path + "/notices.json").save(["work": fixture.time.wall + 1_000_000_000])
        let restarted = try AgentFixture(restarting: fixture)
        try await running(restarted) {
            try await logIn(restarted)
            await pass(restarted, days: 9)
            _ = try await first(restarted)
        }
    }

    @Test("warn_before decides when a login is announced, and when status has a hint")
    func warnBefore() async throws {
        let fixture = try AgentFixture()
        try fixture.files.directory("user")
        try fixture.files.file(
            "user/work.toml",
            "issuer = \"\(FakeProvider.issuer)\"\nclient_id = \"tv\"\nstore = \"keyring\"\nwarn_before = \"3d\"\n")
        try await fixture.agent.reload()
        try await running(fixture) {
            fixture.provider.script(.token, .grant(access: "a1", refresh: "r1", refreshExpiresIn: Self.life))
            let log = try await fixture.login(LoginRequest())
            await fixture.passInterval()
            _ = await log.events()
            await pass(fixture, days: 6)
            #expect(try await fixture.agent.status(of: fixture.name).hint == nil)
            await pass(fixture, days: 1)
            #expect(try await first(fixture).detail == "the login expires in 3 days")
            fixture.time.advance(by: .seconds(1))
            #expect(try await fixture.agent.status(of: fixture.name).hint == "run 'authagent login work'")
        }
    }
}
