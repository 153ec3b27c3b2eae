import AuthagentClient
import Glibc
import Testing

struct SocketPathTests {
    @Test("AUTHAGENT_SOCK comes first, then XDG_RUNTIME_DIR, then the user's default")
    func order() throws {
        let all = ["AUTHAGENT_SOCK": "/a/s", "XDG_RUNTIME_DIR": "/r"]
        #expect(try SocketPath.resolve(environment: all, user: 7).text == "/a/s")
        #expect(
            try SocketPath.resolve(environment: ["XDG_RUNTIME_DIR": "/r"], user: 7).text == "/r/authagent/agent.sock")
        // This user has no runtime directory here.
        #expect(try SocketPath.resolve(environment: [:], user: 4_000_000).text == "/tmp/authagent-4000000/agent.sock")
        #expect(
            try SocketPath.resolve(environment: ["AUTHAGENT_SOCK": ""], user: 4_000_000).directory
                == "/tmp/authagent-4000000")
    }

    @Test("a path that does not fit into a socket address is refused, not truncated")
    func tooLong() throws {
        _ = try SocketPath("/" + String(repeating: "a", count: 106))
        #expect(throws: AgentClientError.pathTooLong("/" + String(repeating: "a", count: 107), limit: 107)) {
            try SocketPath("/" + String(repeating: "a", count: 107))
        }
    }

    @Test("a relative path is refused: the daemon's directory is not the client's")
    func relative() {
        #expect(throws: AgentClientError.pathNotAbsolute("agent.sock")) { try SocketPath("agent.sock") }
    }
}
