import Agent
import AgentAPI
import Foundation
import OAuth
import TestSupport
import Testing

/// Accounts that are found by the URLs of their files, from the start to the end of the agent.
struct URLTests {
    private let fixture: AgentFixture

    init() throws {
        fixture = try AgentFixture()
        for directory in ["user", "system"] { try fixture.files.directory(directory) }
    }

    private func write(_ name: String, _ urls: [String], username: String? = nil, in place: String = "user") throws {
        let list = urls.map { "\"\($0)\"" }.joined(separator: ", ")
        let more = username.map { "git_username = \"\($0)\"\n" } ?? ""
        try fixture.files.file(
            "\(place)/\(name).toml",
            "issuer = \"\(FakeProvider.issuer)\"\nclient_id = \"tv\"\nurls = [\(list)]\n\(more)", mode: 0o600)
    }

    private func names(_ fixture: AgentFixture, _ url: String) throws -> [String]? {
        guard let match = fixture.agent.match(try ServiceURL(ofRequest: url)) else { return nil }
        return match.conflict == nil ? match.accounts.map(\.account.description) : []
    }

    private func names(_ url: String) throws -> [String]? { try names(fixture, url) }

    private func reloadProblem() async -> Problem? {
        do throws(Problem) { try await fixture.agent.reload() } catch { return error }
        return nil
    }

    @Test("a reload applies new URLs, and is refused with both files named if two accounts contradict each other")
    func reload() async throws {
        try write("work", ["https://h.example"])
        #expect(await reloadProblem() == nil)
        #expect(try names("https://h.example/x") == ["work"])
        try write("other", ["https://h.example/"])
        try write("work", ["https://h.example", "https://new.example"])
        let problem = try #require(await reloadProblem())
        #expect(problem.code == .configurationError)
        #expect(problem.detail.contains("/user/work.toml") && problem.detail.contains("/user/other.toml"))
        #expect(problem.hint?.contains("git_username") == true)
        // The whole old configuration stays.
        #expect(try names("https://h.example/x") == ["work"])
        #expect(try names("https://new.example") == nil)
        try write("other", ["https://h.example"], username: "two")
        #expect(await reloadProblem() != nil, "one user name does not tell two accounts apart")
        try write("work", ["https://h.example"], username: "one")
        #expect(await reloadProblem() == nil)
        #expect(try names("https://h.example/x") == ["other", "work"])
        try FileManager.default.removeItem(atPath: fixture.files.path + "/user/other.toml")
        #expect(await reloadProblem() == nil)
        #expect(try names("https://h.example/x") == ["work"])
    }

    @Test("at the start accounts in conflict are served by name and not by URL, and status says why")
    func start() async throws {
        try await fixture.completeLogin()
        try write("work", ["https://h.example"])
        try write("other", ["https://h.example"])
        let started = try AgentFixture(restarting: fixture)
        #expect(try names(started, "https://h.example") == [])
        started.provider.script(.token, .grant(access: "a2", refresh: "r2"))
        let token = try await started.agent.token(started.name, TokenRequest(), within: CallerLimits())
        #expect(token.accessToken == "a2")
        let rows = await started.agent.status().accounts
        for row in rows {
            #expect(row.urls == ["https://h.example/"])
            let error = try #require(row.lastError)
            #expect(error.contains("/user/other.toml") && error.contains("/user/work.toml"), "\(error)")
        }
        #expect(rows.map(\.state) == [.loginRequired, .ok])
        #expect(rows.last?.hint?.contains("authagent reload") == true)
        #expect(rows.first?.hint?.contains("authagent login") == true)
    }

    @Test("the machine's file stays in force beside a user's with the same URL")
    func machine() async throws {
        try write("corp", ["https://h.example"], in: "system")
        try write("mine", ["https://h.example", "https://my.example"])
        let started = try AgentFixture(restarting: fixture)
        #expect(try names(started, "https://h.example") == ["corp"])
        #expect(try names(started, "https://my.example") == [])
        let rows = await started.agent.status().accounts
        #expect(rows.first?.lastError?.contains("https://h.example/") == false)
        #expect(rows.last?.lastError?.contains("/system/corp.toml") == true)
    }

    @Test("a file that is created later is found by URL once its account is used, and displaces none")
    func later() async throws {
        try write("work", ["https://h.example"])
        #expect(await reloadProblem() == nil)
        try write("new", ["https://new.example"])
        try write("late", ["https://h.example"])
        #expect(try names("https://new.example") == nil)
        for name in ["new", "late"].compactMap({ AccountName($0) }) { _ = try await fixture.agent.status(of: name) }
        #expect(try names("https://new.example") == ["new"])
        #expect(try names("https://h.example") == ["work"])
        let late = try #require(AccountName("late"))
        let status = try await fixture.agent.status(of: late)
        #expect(status.lastError?.contains("/user/work.toml") == true)
    }

    @Test("a login and a logout leave the map as it is, also at another provider")
    func login() async throws {
        try write("work", ["https://h.example"], username: "me")
        #expect(await reloadProblem() == nil)
        try await fixture.completeLogin()
        #expect(try names("https://h.example") == ["work"])
        let text = try String(contentsOfFile: fixture.files.path + "/user/work.toml", encoding: .utf8)
        #expect(text.contains("urls = [\"https://h.example/\"]\n") && text.contains("git_username = \"me\"\n"))
        _ = try await fixture.agent.logout(fixture.name, LogoutRequest())
        #expect(try names("https://h.example") == ["work"])
        // The client of another provider.
        let moved = LoginRequest(settings: LoginSettings(issuer: "https://else.example", clientID: "tv2"))
        let merged = try await fixture.login(moved)
        _ = try await fixture.agent.cancelLogin(fixture.name)
        _ = await merged.events()
        #expect(try names("https://h.example") == ["work"])
    }

    @Test("a login reads the account's file again, with its URLs")
    func editedFile() async throws {
        try await fixture.completeLogin()
        #expect(try names("https://h.example") == nil)
        try write("work", ["https://h.example"])
        try await fixture.completeLogin(access: "a2", refresh: "r2")
        #expect(try names("https://h.example") == ["work"])
    }
}
