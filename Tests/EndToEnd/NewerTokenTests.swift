import AgentAPI
import AuthagentClient
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `newer_than` with the real programs: the schedule, a new login, a logout, a lock, and the end of the agent.
@Suite(.timeLimit(.minutes(5)))
struct NewerTokenTests {
    private func client(_ demo: DemoLogin) throws -> AgentClient {
        try AgentClient(try SocketPath(demo.home.socket))
    }

    private let name: AccountName

    init() throws { name = try #require(AccountName("work")) }

    /// Starts a request that waits; it has reached the agent when a later request on another connection is answered.
    private func waiting(
        _ client: AgentClient, than expiresAt: Int, wait: Int = 40
    ) -> Task<Result<TokenReply?, AgentClientError>, Never> {
        Task { [name] in
            do throws(AgentClientError) {
                return .success(try await client.newerToken(for: name, than: expiresAt, TokenRequest(wait: wait)))
            } catch { return .failure(error) }
        }
    }

    private func problem(_ task: Task<Result<TokenReply?, AgentClientError>, Never>) async -> Problem? {
        guard case .failure(.problem(let problem)) = await task.value else { return nil }
        return problem
    }

    @Test("the wait ends with the schedule's renewal")
    func schedule() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.accessTokenLifetime = 8
        let demo = try await DemoLogin(configuration)
        try await demo.logIn()
        let client = try client(demo)
        let first = try await client.token(for: name, TokenRequest(minimumValidity: 0))
        let expiry = try #require(first.expiresAt)
        let task = Task { [name] in
            try await client.newerToken(for: name, than: expiry, TokenRequest(minimumValidity: 0, wait: 40))
        }
        let newer = try #require(try await task.value)
        #expect(newer.accessToken != first.accessToken)
        #expect(newer.expiresAt.map { $0 > expiry } == true)
    }

    @Test("at the end of wait there is no newer token; a new login, a logout and a lock end a wait at once")
    func ends() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let client = try client(demo)
        let expiry = try #require(try await client.token(for: name).expiresAt)
        #expect(try await client.newerToken(for: name, than: expiry, TokenRequest(wait: 0)) == nil)
        #expect(try await client.newerToken(for: name, than: expiry, TokenRequest(wait: 1)) == nil)

        let login = waiting(client, than: expiry)
        try await demo.logIn()
        let newer = try #require(try await login.value.get())
        let current = try await demo.home.authagent("token", "work")
        #expect(newer.accessToken + "\n" == current.output)

        let logout = waiting(client, than: try #require(newer.expiresAt))
        #expect(try await demo.home.authagent("logout", "work").status == 0)
        #expect(await problem(logout)?.code == .loginRequired)

        try await demo.logIn()
        let again = try #require(try await client.token(for: name).expiresAt)
        let lock = waiting(client, than: again)
        #expect(try await demo.home.authagent("lock").status == 0)
        #expect(await problem(lock)?.code == .locked)
    }

    @Test("the agent's end ends the wait without an error")
    func stop() async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let client = try client(demo)
        let expiry = try #require(try await client.token(for: name).expiresAt)
        let task = waiting(client, than: expiry)
        #expect(try await demo.home.authagent("stop").status == 0)
        switch await task.value {
        case .success(let token): #expect(token == nil)
        // The stop was faster than the request.
        case .failure(let error): #expect([.lost, .notListening(demo.home.socket)].contains(error), "\(error)")
        }
    }
}
