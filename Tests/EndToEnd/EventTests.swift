import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Events of a real agent, read with curl as a hook would.
@Suite(.timeLimit(.minutes(5)))
struct EventTests {
    private func watch(_ home: AgentHome, after id: String? = nil) throws -> ChildProcess {
        let curl = try MissingProgram.require("curl", package: "curl")
        let fields = id.map { ["-H", "Last-Event-ID: \($0)"] } ?? []
        return try ChildProcess(
            curl, ["-sN", "--unix-socket", home.socket] + fields + ["http://localhost/v1/events"],
            environment: home.environment)
    }

    private func events(_ watcher: ChildProcess) -> [AgentEvent] {
        watcher.outputSoFar.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("data: ") else { return nil }
            return try? APIJSON.decode(AgentEvent.self, from: line.dropFirst(6).utf8)
        }
    }

    private func isConnected(_ watcher: ChildProcess) async {
        await eventually("the watcher is not connected") { watcher.outputSoFar.hasPrefix("id: ") }
    }

    @Test(
        "a watcher gets login, renewal, end at the provider and logout; the agent's exit ends the stream")
    func life() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration, keyring: try await PrivateKeyring())
        try await demo.home.authagent("start")
        let watcher = try watch(demo.home)
        await isConnected(watcher)
        try await demo.logIn()
        try await demo.tokenExpires()
        #expect(try await demo.home.authagent("token", "work").status == 0)
        try await demo.home.authagent("lock")
        try await demo.home.authagent("unlock")
        demo.issuer.always(.token, .reply(status: 400, body: #"{"error":"invalid_grant"}"#))
        #expect(try await demo.home.authagent("token", "work").status == 3)
        try await demo.home.authagent("logout", "work")
        #expect(try await demo.home.authagent("stop").status == 0)
        #expect(await watcher.result().status == 0)
        let seen = events(watcher)
        // The time of the first keyring state is not defined.
        #expect(
            seen.map(\.news.kind).filter { $0 != .storeState } == [
                .loginStarted, .loggedIn, .refreshed, .locked, .unlocked, .loginRequired, .loggedOut,
            ], "\(watcher.outputSoFar)")
        let first = try #require(seen.first?.id.count)
        #expect(seen.map(\.id.count) == Array(first..<first + UInt64(seen.count)))
        for token in demo.issuer.refreshTokens { #expect(!watcher.outputSoFar.contains(token)) }
    }

    @Test("after a disconnect a watcher gets the missed events; from a new agent it gets missed first")
    func resuming() async throws {
        let demo = try await DemoLogin()
        try await demo.home.authagent("start")
        let first = try watch(demo.home)
        await isConnected(first)
        try await demo.logIn()
        await eventually { events(first).last?.news.kind == .loggedIn }
        let last = try #require(events(first).last?.id)
        first.signal(SIGTERM)
        try await demo.home.authagent("reload")
        let second = try watch(demo.home, after: last.description)
        await eventually { !events(second).isEmpty }
        #expect(events(second).map(\.news.kind) == [.reloaded])
        #expect(events(second).first?.id.count == last.count + 1)

        try await demo.home.authagent("stop")
        try await demo.home.authagent("start")
        let third = try watch(demo.home, after: last.description)
        await eventually { events(third).contains { $0.news.kind == .loginRequired } }
        #expect(events(third).first?.news.kind == .missed)
        #expect(events(third).first?.news.reason == "other_agent")
        #expect(events(third).first?.id.origin != last.origin)
    }

    @Test("'authagent events' prints a line for each event; when the agent ends: exit code 4 and a hint")
    func command() async throws {
        let demo = try await DemoLogin()
        try await demo.home.authagent("start")
        let start = try await place(demo.home)
        try await demo.logIn()
        let lines = try demo.home.client(["events", "--after", start])
        let objects = try demo.home.client(["events", "--json", "--after", start])
        await eventually { lines.outputSoFar.contains(" logged_in work ") }
        await eventually { objects.outputSoFar.contains(#""logged_in""#) }
        try await demo.home.authagent("stop")
        let (ended, json) = (await lines.result(), await objects.result())
        #expect(ended.status == 4)
        #expect(ended.errors.contains("authagent: error: the agent ended"), "\(ended.errors)")
        // The first keyring check after the start may be an event as well.
        let events = try json.lines.map { try APIJSON.decode(AgentEvent.self, from: $0.utf8) }.filter {
            $0.news.kind != .storeState
        }
        #expect(events.map(\.news.kind) == [.loginStarted, .loggedIn])
        let last = try #require(events.last?.id)
        #expect(ended.errors.contains("'authagent events --after \(last)'"), "\(ended.errors)")
        let words = ended.lines.map { $0.split(separator: " ").map(String.init) }.filter { $0[1] != "store_state" }
        #expect(words.map { $0.dropFirst().prefix(2) } == [["login_started", "work"], ["logged_in", "work"]])
        let time = try #require(words.first?.first)
        #expect(try Date(time, strategy: .iso8601).timeIntervalSince1970 == Double(try #require(events.first?.time)))
        let wrong = try await demo.home.authagent("events", "--after", "nonsense")
        #expect(wrong.status == 2)
    }

    @Test("Ctrl-C ends 'authagent events', and the agent is not affected")
    func interrupt() async throws {
        let demo = try await DemoLogin()
        try await demo.home.authagent("start")
        let watcher = try demo.home.client(["events", "--after", "0-0"])
        // An unknown id is answered with `missed` at once.
        await eventually { watcher.outputSoFar.contains(" missed - other_agent") }
        watcher.signal(SIGINT)
        #expect(await watcher.result().status == -SIGINT)
        #expect(try await demo.home.authagent("status").status == 0)
    }

    /// Returns the position at which a new watcher would start.
    private func place(_ home: AgentHome) async throws -> String {
        let watcher = try watch(home)
        await isConnected(watcher)
        watcher.signal(SIGTERM)
        return String(watcher.outputSoFar.prefix { !$0.isNewline }.dropFirst(4))
    }
}
