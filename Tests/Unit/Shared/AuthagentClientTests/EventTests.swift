import AgentAPI
import AuthagentClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct EventTests {
    private let prompt =
        #"{"event":"prompt","user_code":"A-B","verification_uri":"https://x/","expires_in":60,"interval":5}"#

    @Test("a login's events arrive one by one, however their bytes are split")
    func login() async throws {
        let text =
            prompt + "\n" + #"{"event":"slowed","interval":10}"# + "\r\n"
            + #"{"event":"done","account":"work","scope":"a"}"# + "\n"
        for size in [1, 7, text.utf8.count] {
            let pieces = stride(from: 0, to: text.utf8.count, by: size).map { start in
                String(decoding: text.utf8.dropFirst(start).prefix(size), as: UTF8.self)
            }
            let server = try ScriptedServer { _ in [ScriptedServer.stream(pieces), .awaitHangup] }
            let work = try #require(AccountName("work"))
            var events: [LoginEvent] = []
            for try await event in try await server.client().login(work) { events.append(event) }
            #expect(events.count == 3)
            #expect(events.first?.isPrompt == true)
            #expect(events.last == .done(LoginResult(account: work, scope: "a")))
            #expect(server.requests.first?.contains("\r\nAccept: application/x-ndjson\r\n") == true)
        }
    }

    @Test("a refused login throws the problem before any event")
    func refused() async throws {
        let body = #"{"code":"bad_request","detail":"no issuer","status":400}"#
        let server = try ScriptedServer { _ in [ScriptedServer.json(body, status: 400)] }
        let client = try server.client()
        let work = try #require(AccountName("work"))
        await #expect(throws: AgentClientError.problem(Problem(.badRequest, "no issuer"))) {
            _ = try await client.login(work)
        }
    }

    @Test("a broken or malformed stream throws; a large event is not buffered without limit")
    func broken() async throws {
        let work = try #require(AccountName("work"))
        func error(_ steps: ScriptedServer.Step...) async throws -> AgentClientError? {
            let server = try ScriptedServer { _ in steps }
            let events = try await server.client().login(work)
            return await #expect(throws: AgentClientError.self) { for try await _ in events {} }
        }
        #expect(try await error(ScriptedServer.stream([prompt + "\n"], ends: false)) == .lost)
        #expect(try await error(ScriptedServer.stream(["no json\n"]), .awaitHangup) == .notUnderstood)
        let endless = Array(repeating: String(repeating: "a", count: 65_536), count: 5)
        #expect(try await error(ScriptedServer.stream(endless), .awaitHangup) == .notUnderstood)
    }

    @Test("a reader that stops, or whose task is cancelled, closes the connection")
    func departure() async throws {
        let server = try ScriptedServer { [prompt] _ in
            [ScriptedServer.stream([prompt + "\n"], ends: false), .awaitHangup]
        }
        let client = try server.client()
        let work = try #require(AccountName("work"))
        for try await event in try await client.login(work) {
            #expect(event.isPrompt)
            break
        }
        await eventually { server.hangupCount == 1 }
        let first = Gate()
        let reader = Task { () async throws -> Int in
            var count = 0
            for try await _ in try await client.login(work) {
                count += 1
                first.open()
            }
            return count
        }
        await first.pass()
        reader.cancel()
        await #expect(throws: AgentClientError.cancelled) { try await reader.value }
        await eventually { server.hangupCount == 2 }
    }

    @Test("events are read with multi-line data, comments, unknown kinds and a start id")
    func serverSent() async throws {
        let text = """
            id: b-1

            : still here

            id: b-2
            event: refreshed
            data: {"id":"b-2","event":"refreshed","time":5,
            data:  "account":"work"}

            event: nothing

            id:b-3
            event:invented_later
            data:{"id":"b-3","event":"invented_later","time":6}
            retry: 5

            id:b-4
            event:reloaded
            data:{"id":"b-4","event":"reloaded","time":7}


            """
        let server = try ScriptedServer { _ in
            [ScriptedServer.stream([String(text.prefix(30)), String(text.dropFirst(30))])]
        }
        var events: [AgentEvent] = []
        let seen = EventID(origin: "b", count: 1)
        for try await event in try await server.client().events(after: seen) { events.append(event) }
        #expect(events.map(\.id.description) == ["b-2", "b-4"])
        #expect(events.map(\.news) == [AgentNews(.refreshed, account: AccountName("work")), AgentNews(.reloaded)])
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("GET /v1/events HTTP/1.1\r\n"))
        #expect(request.contains("\r\nLast-Event-ID: b-1\r\n"))
        #expect(request.contains("\r\nAccept: text/event-stream\r\n"))
    }

    @Test("an event that does not match its kind throws")
    func wrongEvent() async throws {
        let server = try ScriptedServer { _ in
            [ScriptedServer.stream(["event: refreshed\ndata: {\"id\":7}\n\n"]), .awaitHangup]
        }
        let events = try await server.client().events()
        #expect(server.requests.first?.contains("Last-Event-ID") == false)
        await #expect(throws: AgentClientError.notUnderstood) { for try await _ in events {} }
    }
}

extension LoginEvent {
    fileprivate var isPrompt: Bool { if case .prompt = self { true } else { false } }
}
