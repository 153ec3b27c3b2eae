import AgentAPI
import AuthagentClient
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The client library with a real agent and an issuer that approves at once.
@Suite(.timeLimit(.minutes(5)))
struct RealAgentTests {
    private let home: AgentHome
    private let issuer: DemoIssuer
    private let client: AgentClient
    private let work: AccountName

    init() async throws {
        home = try AgentHome()
        var configuration = DemoIssuer.Configuration()
        configuration.approvesAlone = true
        issuer = try await DemoIssuer.start(configuration)
        client = try AgentClient(try SocketPath(home.socket))
        work = try #require(AccountName("work"))
    }

    private var settings: LoginRequest {
        LoginRequest(settings: LoginSettings(issuer: issuer.issuer, clientID: "tv", store: "memory"))
    }

    @Test("a program logs in, gets a token and the status, inspects the token and logs out")
    func life() async throws {
        let daemon = try await home.daemon()
        var kinds: [LoginEvent] = []
        for try await event in try await client.login(work, settings) { kinds.append(event) }
        guard case .prompt? = kinds.first, case .done(let result)? = kinds.last else {
            Issue.record("\(kinds)")
            return
        }
        #expect(result.account == work)
        let token = try await client.token(for: work)
        #expect(token.account == work)
        #expect(!token.accessToken.isEmpty)
        #expect(try await client.token(for: work, TokenRequest(wait: 0)).accessToken == token.accessToken)
        #expect(try await client.status().accounts.map(\.account) == [work])
        #expect(try await client.status(of: work).state == .ok)
        #expect(try await client.health().pid == daemon.pid)
        #expect(try await client.inspect(work).tokens.first?.role == .accessToken)
        #expect(try await client.providers().providers.contains { $0.name == "github" })
        #expect(try await client.doctor().checks.isEmpty == false)
        #expect(try await client.stores().stores.isEmpty == false)
        try await client.reload()
        try await client.lock()
        await #expect { try await client.token(for: work) } throws: { Self.code(of: $0) == .locked }
        try await client.unlock()
        #expect(try await client.logout(work).revoked)
        await #expect { try await client.token(for: work) } throws: { Self.code(of: $0) == .loginRequired }
        await #expect { try await client.cancelLogin(of: work) } throws: { Self.code(of: $0) == .notFound }
        let ghost = try #require(AccountName("ghost"))
        await #expect { try await client.status(of: ghost) } throws: { Self.code(of: $0) == .unknownAccount }
    }

    @Test("events arrive as they occur, and a reader resumes where it was")
    func events() async throws {
        let daemon = try await home.daemon()
        let events = try await client.events()
        for try await _ in try await client.login(work, settings) {}
        var seen: [AgentEvent] = []
        for try await event in events {
            seen.append(event)
            if event.news.kind == .loggedIn { break }
        }
        // There may be store events as well.
        #expect(seen.filter { $0.news.account == work }.map(\.news.kind) == [.loginStarted, .loggedIn])
        let first = try #require(seen.first)
        var again: [AgentEvent] = []
        for try await event in try await client.events(after: first.id) {
            again.append(event)
            if event.news.kind == .loggedIn { break }
        }
        #expect(again == Array(seen.dropFirst()))
        #expect(daemon.isRunning)
    }

    @Test("a hundred tasks get tokens over a few persistent connections, also after the agent was restarted")
    func crowd() async throws {
        let first = try await home.daemon()
        for try await _ in try await client.login(work, settings) {}
        try await withThrowingTaskGroup(of: String.self) { [client, work] group in
            for _ in 0..<100 { group.addTask { try await client.token(for: work).accessToken } }
            var tokens: Set<String> = []
            for try await token in group { tokens.insert(token) }
            #expect(tokens.count == 1)
        }
        first.signal(SIGTERM)
        #expect(await first.result().status == 0)
        await #expect { try await client.health() } throws: { $0 as? AgentClientError == .notListening(home.socket) }
        let second = try await home.daemon()
        #expect(try await client.health().pid == second.pid)
    }

    private static func code(of error: any Error) -> Problem.Code? {
        if case .problem(let problem)? = error as? AgentClientError { problem.code } else { nil }
    }
}
