import AuthagentClient
import Foundation
import TestSupport
import Testing

struct ConnectTests {
    let files: TemporaryDirectory
    let path: SocketPath

    init() throws {
        files = try TemporaryDirectory()
        path = try SocketPath(files.path + "/run/agent.sock")
    }

    @Test("without an agent, the hint is how to start one")
    func missingAgent() throws {
        let error = try #require(throws: AgentClientError.self) { _ = try AgentSocket(connectedTo: path) }
        #expect(error == .notListening(path.text))
        #expect(error.hint?.contains("authagent start") == true)
    }

    @Test("an agent that accepts no connections times out, and the hint names the command to end it")
    func hanging() throws {
        try files.directory("run")
        let agent = try HangingListener(path.text)
        let error = try #require(throws: AgentClientError.self) {
            _ = try AgentSocket(connectedTo: path, within: .milliseconds(100))
        }
        #expect(error == .notAnswering(path.text))
        #expect(error.hint?.contains("authagent stop") == true)
        withExtendedLifetime(agent) {}
    }
}
