import AgentAPI
import AuthagentClient
import Foundation
import TestSupport
import Testing

/// How calls share connections and threads, and how they end.
@Suite(.timeLimit(.minutes(10)))
struct CallTests {
    @Test("consecutive calls share a connection; a call that changes something uses a new one")
    func kept() async throws {
        let server = try ScriptedServer { number in
            [number == 3 ? ScriptedServer.json(#"{"reloaded":true}"#) : ScriptedServer.health, .next]
        }
        let client = try server.client()
        for _ in 0..<3 { #expect(try await client.health().pid == 7) }
        #expect(server.connectionCount == 1)
        try await client.reload()
        #expect(server.connectionCount == 2, "a POST must not meet a connection that the agent is about to close")
        #expect(server.requests[3].hasPrefix("POST /v1/reload HTTP/1.1\r\n"))
        #expect(server.requests[3].contains("\r\nContent-Length: 0\r\n"))
    }

    @Test("a kept connection that the agent closed, or closes at the next request, is replaced")
    func closedMeanwhile() async throws {
        // No first answer announces the end of its connection.
        let server = try ScriptedServer { number in
            number % 2 == 0 ? [ScriptedServer.health, .next] : []
        }
        let client = try server.client()
        for _ in 0..<5 { #expect(try await client.health().pid == 7) }
        #expect(server.connectionCount == 5)
        #expect(server.requests.count == 9)

        let polite = try ScriptedServer { _ in
            [
                ScriptedServer.json(
                    #"{"version":"1","pid":7,"socket":"/s","store_state":"ok"}"#, fields: "Connection: close\r\n"),
                .awaitHangup,
            ]
        }
        let other = try polite.client()
        for _ in 0..<3 { #expect(try await other.health().pid == 7) }
        #expect(polite.connectionCount == 3)
        #expect(polite.requests.count == 3)
    }

    @Test("unsolicited data is never taken as the next answer")
    func unasked() async throws {
        let server = try ScriptedServer { _ in
            [
                ScriptedServer.health,
                ScriptedServer.json(#"{"version":"evil","pid":1,"socket":"","store_state":"ok"}"#), .awaitHangup,
            ]
        }
        let client = try server.client()
        for _ in 0..<3 { #expect(try await client.health().version == "1") }
    }

    @Test("a reply without content is no newer token, for a request that waits for one, and an error for others")
    func unchanged() async throws {
        let token = #"{"access_token":"b","token_type":"Bearer","scope":"","account":"work"}"#
        let server = try ScriptedServer { number in
            let isFirst = number == 0 || number == 2
            return [
                isFirst ? .send("HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n") : ScriptedServer.json(token), .next,
            ]
        }
        let client = try server.client()
        let work = try #require(AccountName("work"))
        #expect(try await client.newerToken(for: work, than: 7, TokenRequest(wait: 3)) == nil)
        #expect(try await client.newerToken(for: work, than: 7)?.accessToken == "b")
        #expect(server.connectionCount == 1)
        #expect(
            server.requests[0].hasPrefix("GET /v1/accounts/work/token?min_valid=60&wait=3&newer_than=7 HTTP/1.1\r\n"))
        await #expect { try await client.health() } throws: { error in
            guard case .problem(let problem)? = error as? AgentClientError else { return false }
            return problem.code == .internalError
        }
    }

    @Test("the token of a URL is requested with the URL and the user name encoded")
    func url() async throws {
        let token = #"{"access_token":"b","token_type":"Bearer","scope":"","account":"work","git_username":"me"}"#
        let found = #"{"account":"work","url":"https://h.example/","reason":"so"}"#
        let server = try ScriptedServer { number in [ScriptedServer.json(number == 0 ? token : found), .next] }
        let client = try server.client()
        let reply = try await client.token(forURL: "https://h.example/a?b&c", username: "a b&wait=0")
        #expect(reply.gitUsername == "me")
        #expect(try await client.account(forURL: "https://h.example/").account.description == "work")
        let query = "url=https%3A%2F%2Fh.example%2Fa%3Fb%26c&username=a%20b%26wait%3D0&min_valid=60"
        #expect(server.requests[0].hasPrefix("GET /v1/token?\(query) HTTP/1.1\r\n"))
        #expect(server.requests[1].hasPrefix("GET /v1/url?url=https%3A%2F%2Fh.example%2F HTTP/1.1\r\n"))
    }

    @Test("a request that changes nothing is sent once more if the agent ends before its reply, not within it")
    func lostAtOnce() async throws {
        let restarted = try ScriptedServer { number in number == 0 ? [] : [ScriptedServer.health] }
        #expect(try await restarted.client().health().pid == 7)
        #expect(restarted.connectionCount == 2)
        let ending = try ScriptedServer { _ in [] }
        let client = try ending.client()
        await #expect(throws: AgentClientError.lost) { try await client.health() }
        await #expect(throws: AgentClientError.lost) { _ = try await client.events() }
        #expect(ending.requests.count == 4)
        await #expect(throws: AgentClientError.lost) { _ = try await client.login(try #require(AccountName("work"))) }
        #expect(ending.requests.count == 5)
        let broken = try ScriptedServer { _ in [.send("HTTP/1.1 2")] }
        let other = try broken.client()
        await #expect(throws: AgentClientError.lost) { try await other.health() }
        #expect(broken.requests.count == 1)
    }

    @Test("a request that changes something is not repeated after a lost connection")
    func once() async throws {
        let server = try ScriptedServer { number in number == 0 ? [ScriptedServer.health, .next] : [] }
        let client = try server.client()
        _ = try await client.health()
        await #expect(throws: AgentClientError.lost) { try await client.reload() }
        #expect(server.requests.count { $0.hasPrefix("POST") } == 1)
    }

    @Test("cancelling a task ends its call at once and closes the connection; the client goes on")
    func cancelled() async throws {
        let server = try ScriptedServer { number in number == 0 ? [.awaitHangup] : [ScriptedServer.health] }
        let client = try server.client()
        let call = Task { try await client.health() }
        await eventually { server.requests.count == 1 }
        call.cancel()
        await #expect(throws: AgentClientError.cancelled) { try await call.value }
        await eventually("the connection stays open") { server.hangupCount == 1 }
        #expect(try await client.health().pid == 7)
    }

    @Test("a task cancelled before its call sends nothing")
    func cancelledBefore() async throws {
        let server = try ScriptedServer { _ in [ScriptedServer.health] }
        let client = try server.client()
        let gate = Gate()
        let call = Task {
            await gate.pass()
            return try await client.health()
        }
        call.cancel()
        gate.open()
        await #expect(throws: AgentClientError.cancelled) { try await call.value }
        #expect(server.requests.isEmpty)
    }

    @Test("waiting calls block neither other calls nor the task threads; calls over the limit queue")
    func many() async throws {
        let gate = Gate()
        let reply = #"{"access_token":"a","account":"work","scope":"","token_type":"Bearer"}"#
        let server = try ScriptedServer { _ in [.wait(gate), ScriptedServer.json(reply), .next] }
        let client = try server.client()
        let quick = try ScriptedServer { _ in [ScriptedServer.json(reply), .next] }
        let other = try quick.client()
        let work = try #require(AccountName("work"))
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<200 { group.addTask { try await client.token(for: work).accessToken } }
            await eventually { server.requests.count == 200 }
            for _ in 0..<20 { #expect(try await other.token(for: work).accessToken == "a") }
            for _ in 0..<200 { group.addTask { try await client.token(for: work).accessToken } }
            gate.open()
            var count = 0
            for try await token in group where token == "a" { count += 1 }
            #expect(count == 400)
        }
        #expect(quick.connectionCount == 1)
    }

    @Test("a missing or unresponsive agent is an error with a hint, also without a socket directory")
    func missingAgent() async throws {
        let files = try TemporaryDirectory()
        let path = try SocketPath(files.path + "/agent.sock")
        let client = try AgentClient(path)
        let error = await #expect(throws: AgentClientError.self) { try await client.status() }
        #expect(error == .notListening(path.text))
        #expect(error?.hint == "run 'authagent start'")
        let nowhere = try AgentClient(try SocketPath(files.path + "/no/such/agent.sock"))
        await #expect(throws: AgentClientError.notListening(nowhere.path.text)) { try await nowhere.status() }
    }
}
