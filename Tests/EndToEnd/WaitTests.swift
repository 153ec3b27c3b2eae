import AgentAPI
import AuthagentClient
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Clients whose deadline is shorter than the provider's reply time.
@Suite(.timeLimit(.minutes(5)))
struct WaitTests {
    /// Returns a login with an expired token at a provider that answers a renewal once the gate is open.
    private func slowLogin(_ gate: Gate) async throws -> DemoLogin {
        var configuration = DemoIssuer.Configuration()
        configuration.rotation = .oneUse
        configuration.firstAccessTokenLifetime = 2
        let demo = try await DemoLogin(configuration)
        try await demo.logIn()
        try await demo.tokenExpires()
        demo.issuer.enqueue(.token, .wait { await gate.pass() })
        return demo
    }

    @Test("--wait ends in time with exit code 6; the refresh continues, and the next caller gets its result")
    func command() async throws {
        let gate = Gate()
        let demo = try await slowLogin(gate)
        for seconds in ["0", "1"] {
            let late = try await demo.home.authagent("token", "work", "--wait", seconds)
            #expect(late.status == 6, "\(late.output)\(late.errors)")
            #expect(late.output.isEmpty)
            #expect(late.errors.contains("the answer takes too long"))
        }
        await gate.arrived()
        let patient = try demo.home.client(["token", "work", "--wait", "40"])
        #expect(patient.isRunning)
        gate.open()
        let token = await patient.result()
        #expect(token.status == 0, "\(token.errors)")
        #expect(demo.issuer.refreshCount == 1)
        // The token is now in memory.
        #expect(try await demo.home.authagent("token", "work", "--wait", "0").output == token.output)
        #expect(demo.issuer.refreshCount == 1)
    }

    @Test("with wait=0 a token from memory or the problem timeout is returned, while the refresh continues")
    func library() async throws {
        let gate = Gate()
        let demo = try await slowLogin(gate)
        let client = try AgentClient(try SocketPath(demo.home.socket))
        let work = try #require(AccountName("work"))
        let error = await #expect(throws: AgentClientError.self) {
            try await client.token(for: work, TokenRequest(wait: 0))
        }
        guard case .problem(let problem)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(problem.code == .timeout)
        await gate.arrived()
        gate.open()
        let token = try await client.token(for: work).accessToken
        #expect(try await client.token(for: work, TokenRequest(wait: 0)).accessToken == token)
        #expect(demo.issuer.refreshCount == 1)
    }

    @Test("--wait beyond the agent's own limit is refused before any request")
    func range() async throws {
        let home = try AgentHome()
        for seconds in ["41", "-1", "x"] {
            let result = try await home.authagent("token", "work", "--wait=\(seconds)")
            #expect(result.status == 2, "\(result.errors)")
        }
        #expect(home.daemonPID == nil)
    }
}
