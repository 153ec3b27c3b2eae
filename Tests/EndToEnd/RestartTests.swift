import AgentAPI
import AuthagentClient
import Foundation
import Synchronization
import System
import TestSupport
import Testing

/// Clients that request a token without a pause, while one agent after the other ends.
@Suite(.timeLimit(.minutes(5)))
struct RestartTests {
    @Test("no token request fails in twenty stops of the agent: by command, by library, on a connection of its own")
    func twenty() async throws {
        let demo = try await DemoLogin(store: "sealed")
        let key = demo.home.files.path + "/key"
        try #require(
            FileManager.default.createFile(atPath: key, contents: Data((0..<32).map { _ in .random(in: 0...255) })))
        try #require(chmod(key, 0o600) == 0)
        try await demo.home.authagent("store", "init", "--key-file", key)
        try await demo.logIn()
        let requests = try Requests(demo.home)
        try await withThrowingTaskGroup { group in
            for _ in 0..<3 {
                group.addTask { try await requests.byCommand() }
                group.addTask { try await requests.byLibrary() }
                group.addTask { try await requests.onConnections() }
            }
            var old: Int32?
            for _ in 0..<20 {
                // Once its lock file names it, an agent finishes what it has begun.
                await eventually("no command has started the next agent") {
                    demo.home.announcedPID.map { $0 != old } ?? false
                }
                old = demo.home.announcedPID
                if let old { kill(old, SIGTERM) }
            }
            requests.end()
            try await group.waitForAll()
        }
        #expect(requests.failures == [])
        #expect(requests.tokens > 100)
    }

    @Test("an agent that ends before it answers: the next one is asked, unless the request changes something")
    func endsEarly() async throws {
        let home = try AgentHome()
        // Reads a request and closes the connection.
        let agent = try SilentAgent(home.socket)
        for (arguments, count) in [
            // The fast path, and then as the next row.
            (["token", "work"], 3), (["token", "work", "--min-valid", "60"], 2), (["status", "--json"], 2),
            (["helper", "mcp", "work"], 2), (["url", "https://h.example"], 2), (["lock"], 1),
            (["logout", "work", "--local"], 1), (["token", "work", "--renew"], 1),
        ] {
            let client = try home.client(arguments)
            for _ in 0..<count { _ = try await agent.request() }
            let result = await client.result()
            #expect(result.status == 4, "\(arguments)")
            #expect(
                result.errors.contains("error: the connection to the agent was lost"), "\(arguments): \(result.errors)")
        }
    }
}

extension AgentHome {
    /// The agent that handles signals; `nil` if none does, as while one starts.
    fileprivate var announcedPID: Int32? {
        let holder = FileLock.holder(of: files.path + "/state/authagent/agent.lock")
        return holder == daemonPID ? holder : nil
    }
}

/// Requests for the token of `work`, and the errors of those that failed.
private final class Requests: Sendable {
    private let home: AgentHome
    private let path: SocketPath
    private let state = Mutex((isOver: false, tokens: 0, failures: [String]()))

    init(_ home: AgentHome) throws {
        self.home = home
        path = try SocketPath(home.socket)
    }

    var failures: [String] { state.withLock { $0.failures } }
    var tokens: Int { state.withLock { $0.tokens } }

    func end() { state.withLock { $0.isOver = true } }

    func byCommand() async throws {
        while !isOver {
            let result = try await home.authagent("token", "work")
            note(result.status == 0 ? nil : "command: \(result.errors)")
        }
    }

    /// As a program does that keeps its connections. No agent listens between two.
    func byLibrary() async throws {
        let client = try AgentClient(path)
        let work = try #require(AccountName("work"))
        while !isOver {
            do throws(AgentClientError) {
                _ = try await client.token(for: work)
                note(nil)
            } catch .notListening {} catch { note("library: \(error)") }
        }
    }

    /// As a program does that connects, requests and does not try again.
    func onConnections() async throws {
        let path = path
        let work = try #require(AccountName("work"))
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                while !isOver {
                    do throws(AgentClientError) {
                        _ = try AgentConnection(to: path).ask(.token(work, TokenRequest()))
                        note(nil)
                    } catch .notListening {} catch { note("connection: \(error)") }
                }
                continuation.resume()
            }
        }
    }

    private var isOver: Bool { state.withLock { $0.isOver } }

    private func note(_ failure: String?) {
        state.withLock { state in
            if let failure { state.failures.append(failure) } else { state.tokens += 1 }
        }
    }
}
