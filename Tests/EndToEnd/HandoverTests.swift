import AgentAPI
import AuthagentClient
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The change from an agent that shuts down or hangs to the next one.
@Suite(.timeLimit(.minutes(5)))
struct HandoverTests {
    @Test("a command during the agent's shutdown waits for its exit, starts the next agent and succeeds")
    func draining() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.firstAccessTokenLifetime = 1
        let demo = try await DemoLogin(configuration)
        try await demo.logIn()
        try await demo.tokenExpires()
        let gate = Gate()
        demo.issuer.enqueue(.token, .wait { await gate.pass() })
        let last = try demo.home.client(["token", "work"])
        await gate.arrived()
        let old = try #require(demo.home.daemonPID)
        kill(old, SIGTERM)
        let path = try SocketPath(demo.home.socket)
        await eventually("the agent still listens") {
            !isListening(path)
        }
        let next = try demo.home.client(["status", "--json"])
        await eventually("the next command does not wait: \(next.errorsSoFar)") {
            next.errorsSoFar.contains("note: an agent (pid \(old)) is running, but does not listen at \(path)")
        }
        gate.open()
        #expect(await last.result().status == 0)
        let result = await next.result()
        #expect(result.status == 0, "\(result.errors)")
        let agent = try APIJSON.decode(StatusReport.self, from: result.output.utf8).agent
        #expect(agent.pid != old)
        #expect(agent.pid == demo.home.daemonPID)
    }

    @Test("an agent that hangs with a full queue: exit code 4, and the hint is the command that ends it")
    func hanging() async throws {
        let home = try AgentHome()
        let agent = try HangingListener(home.socket)
        let result = try await home.authagent("token", "work")
        #expect(result.status == 4)
        #expect(
            result.errors.contains("authagent: error: the agent at \(home.socket) does not respond"), "\(result.errors)"
        )
        #expect(result.errors.contains("authagent: hint: run 'authagent stop'"), "\(result.errors)")
        withExtendedLifetime(agent) {}
    }

    private func isListening(_ path: SocketPath) -> Bool {
        do {
            _ = try AgentSocket(connectedTo: path)
            return true
        } catch {
            return false
        }
    }
}
