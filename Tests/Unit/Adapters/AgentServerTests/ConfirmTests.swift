import AgentAPI
import AgentServer
import Policy
import Synchronization
import TestSupport
import Testing

/// Requests that wait for a confirmation, on the real server.
struct ConfirmTests {
    private static let token = Request.get("/v1/accounts/work/token")

    /// The clients that wait: one that is released closes its connection.
    private final class Waiting: Sendable {
        let clients = Mutex<[RawClient]>([])
    }

    private let waiting = Waiting()

    /// Sends a request on a connection of its own.
    @discardableResult
    private func ask(_ server: ServerFixture, _ request: Request = ConfirmTests.token) async throws -> RawClient {
        let client = try server.client()
        waiting.clients.withLock { $0.append(client) }
        try await client.send(request)
        return client
    }

    private func answer(
        _ server: ServerFixture, _ fixture: ConfirmFixture, _ id: String, _ approve: Bool
    ) async throws -> HTTPReply {
        fixture.becomeOwner()
        return try await server.exchange(.post("/v1/approvals", #"{"id":"\#(id)","approve":\#(approve)}"#))
    }

    @Test("a request waits until the owner approves it; the list, the events and the audit have it")
    func approve() async throws {
        let fixture = ConfirmFixture(.each)
        try await ServerFixture.serving(access: fixture.access) { server in
            let client = try await ask(server)
            let question = try #require(await fixture.questions().first)
            #expect(server.service.calls.isEmpty)
            #expect(question.user == 4242 && question.pid == 77 && question.permission == "token")
            #expect(question.expiresAt > question.requestedAt)
            fixture.becomeOwner()
            let list = try await server.exchange(.get("/v1/approvals"))
            #expect(try APIJSON.decode(ApprovalList.self, from: list.body.utf8) == ApprovalList([question]))
            let reply = try await answer(server, fixture, question.id, true)
            #expect(reply.body.hasPrefix(#"{"approved":true,"id":"\#(question.id)"}"#))
            #expect(try await client.reply().status == 200)
            #expect(server.service.news.map(\.kind) == [.approvalRequested, .approvalEnded])
            #expect(server.service.news.last?.reason == "approved")
            let record = try #require(fixture.audit.records.last { $0.permissions == [.token] })
            #expect(record.result == .allowed)
            #expect(record.confirmation == ConfirmationRecord("approved", answeredBy: "uid 1000, pid 1"))
            // `each` asks again, also on the same connection.
            try await client.send(Self.token)
            #expect(await fixture.questions().first?.id != question.id)
        }
    }

    @Test("a denied request is forbidden, with reason not_confirmed; an unknown id is not found")
    func deny() async throws {
        let fixture = ConfirmFixture(.each)
        try await ServerFixture.serving(access: fixture.access) { server in
            let client = try await ask(server)
            let question = try #require(await fixture.questions().first)
            #expect(try await answer(server, fixture, "0", true).problem?.code == .notFound)
            #expect(try await answer(server, fixture, question.id, false).status == 200)
            let reply = try await client.reply()
            #expect(reply.status == 403 && reply.problem?.reason == "not_confirmed")
            #expect(try await answer(server, fixture, question.id, true).status == 404)
            #expect(server.service.calls.isEmpty)
            let record = try #require(fixture.audit.records.last { $0.permissions == [.token] })
            #expect(record.result == .refused(.forbidden) && record.reason == "not_confirmed")
            #expect(record.confirmation?.result == "denied")
        }
    }

    @Test("without an answer a request is forbidden at the end of its wait", arguments: ["?wait=7", "?wait=0"])
    func noAnswer(query: String) async throws {
        let fixture = ConfirmFixture(.each)
        try await ServerFixture.serving(access: fixture.access) { server in
            let client = try await ask(server, .get("/v1/accounts/work/token\(query)"))
            if query != "?wait=0" {
                let question = try #require(await fixture.questions().first)
                #expect(question.expiresAt - question.requestedAt <= 7)
                await eventually { fixture.time.hasSleeper(within: .seconds(7)) }
                fixture.time.advance(by: .seconds(7))
            }
            let reply = try await client.reply()
            #expect(reply.status == 403 && reply.problem?.reason == "not_confirmed", "\(reply.body)")
            #expect(reply.problem?.hint?.contains("authagent approvals") == true)
            #expect(fixture.audit.records.last?.confirmation?.result == "timed_out")
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test(
        "a caller that leaves withdraws its question, also for a request that cannot be repeated",
        arguments: [ConfirmTests.token, Request.post("/v1/accounts/work/logout")])
    func departure(request: Request) async throws {
        let fixture = ConfirmFixture(.first, allow: [.token, .logout])
        try await ServerFixture.serving(access: fixture.access) { server in
            let client = try await ask(server, request)
            let question = try #require(await fixture.questions().first)
            client.close()
            _ = await fixture.questions(0)
            #expect(server.service.news.last?.reason == "withdrawn")
            #expect(try await answer(server, fixture, question.id, true).status == 404)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("'first' asks once for a process and account, until the process ends")
    func first() async throws {
        let fixture = ConfirmFixture(.first, allow: [.token, .status])
        let process = ConfirmFixture.Process()
        try await ServerFixture.serving(access: fixture.access) { server in
            fixture.become(4242, process)
            // Two requests of one process share the question.
            let (one, two) = (try await ask(server), try await ask(server))
            let question = try #require(await fixture.questions().first)
            await eventually { fixture.time.sleeperCount == 2 }
            #expect(fixture.approvals.pending.count == 1)
            _ = try await answer(server, fixture, question.id, true)
            for client in [one, two] { #expect(try await client.reply().status == 200) }
            fixture.become(4242, process)
            #expect(try await server.exchange(Self.token).status == 200)
            #expect(fixture.audit.records.last?.confirmation == ConfirmationRecord("earlier"))
            #expect(try await server.exchange(.get("/v1/accounts/work")).status == 200)
            // Another account, and another process with the same number.
            try await ask(server, .get("/v1/accounts/large/token"))
            #expect(await fixture.questions().first?.account?.description == "large")
            fixture.become(4242, ConfirmFixture.Process())
            try await ask(server)
            #expect(await fixture.questions(2).last?.account?.description == "work")
        }
    }

    @Test("an approval of a process that has ended meanwhile serves nothing")
    func ended() async throws {
        let fixture = ConfirmFixture(.first)
        let process = ConfirmFixture.Process()
        try await ServerFixture.serving(access: fixture.access) { server in
            fixture.become(4242, process)
            let client = try await ask(server)
            let question = try #require(await fixture.questions().first)
            process.end()
            #expect(fixture.approvals.answer(question.id, approve: true, by: "test") == question)
            #expect(try await client.reply().problem?.reason == "caller_lost")
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("a change of the rules ends what waits, and forgets approvals")
    func rulesChange() async throws {
        let fixture = ConfirmFixture(.first)
        let process = ConfirmFixture.Process()
        try await ServerFixture.serving(access: fixture.access) { server in
            fixture.become(4242, process)
            let client = try await ask(server)
            let question = try #require(await fixture.questions().first)
            _ = try await answer(server, fixture, question.id, true)
            #expect(try await client.reply().status == 200)
            let waiting = try await ask(server, .get("/v1/accounts/large/token"))
            _ = await fixture.questions()
            fixture.rules.replace(ConfirmFixture.rules(.first, allow: [.token, .status]))
            #expect(try await waiting.reply().problem?.reason == "not_confirmed")
            fixture.become(4242, process)
            try await ask(server)
            _ = await fixture.questions()
        }
    }

    @Test("a locked agent asks nothing, and a lock ends what waits and forgets approvals")
    func lock() async throws {
        let fixture = ConfirmFixture(.first, allow: [.token, .admin])
        try await ServerFixture.serving(access: fixture.access) { server in
            let client = try await ask(server)
            _ = await fixture.questions()
            fixture.approvals.drop(.locked)
            #expect(try await client.reply().problem?.code == .locked)
            server.service.isLocked = true
            let reply = try await server.exchange(Self.token)
            #expect(reply.status == 423)
            #expect(fixture.approvals.pending.isEmpty)
            #expect(server.service.calls.isEmpty)
        }
    }

    @Test("only the agent's own user and root see and answer questions, whatever the rules allow")
    func others() async throws {
        let fixture = ConfirmFixture(.each, allow: [.token, .admin])
        try await ServerFixture.serving(access: fixture.access) { server in
            try await ask(server)
            let question = try #require(await fixture.questions().first)
            fixture.become(4242)
            #expect(try await server.exchange(.get("/v1/approvals")).status == 403)
            let answer = Request.post("/v1/approvals", #"{"id":"\#(question.id)","approve":true}"#)
            #expect(try await server.exchange(answer).status == 403)
            #expect(fixture.approvals.pending == [question])
            fixture.become(0)
            #expect(try await server.exchange(answer).status == 200)
        }
    }

    @Test("the owner's program answers; no answer of it leaves the question to others")
    func program() async throws {
        for (answer, status) in [(true, 200), (false, 403)] {
            let fixture = ConfirmFixture(.each)
            try await ServerFixture.serving(access: fixture.access) { server in
                server.service.programAnswer = answer
                #expect(try await server.exchange(Self.token).status == status)
                #expect(fixture.audit.records.last?.confirmation?.answeredBy == "on_confirm")
                server.service.programAnswer = nil
                try await ask(server)
                _ = await fixture.questions()
            }
        }
    }

    @Test("questions of other users are bounded, and leave room for the owner's")
    func flood() async throws {
        let fixture = ConfirmFixture(.each)
        try await ServerFixture.serving(access: fixture.access) { server in
            var count = 0
            for user in 2000..<2008 as Range<UInt32> {
                for _ in 0..<PendingApprovals.mostOfOne {
                    fixture.become(user)
                    try await ask(server)
                    count += 1
                    _ = await fixture.questions(count)
                }
                #expect(try await server.exchange(Self.token).status == 429)
            }
            #expect(count == PendingApprovals.mostOfOthers)
            fixture.become(3000)
            #expect(try await server.exchange(Self.token).status == 429)
            fixture.becomeOwner()
            try await ask(server)
            #expect(await fixture.questions(count + 1).last?.user == AccessFixture.owner)
        }
    }

    @Test("a user whose requests are denied again and again is not asked about for the rest of the minute")
    func denials() async throws {
        let fixture = ConfirmFixture(.each)
        try await ServerFixture.serving(access: fixture.access) { server in
            for _ in 0..<PendingApprovals.mostUnapproved {
                fixture.become(4242)
                let client = try await ask(server)
                let question = try #require(await fixture.questions().first)
                _ = fixture.approvals.answer(question.id, approve: false, by: "test")
                #expect(try await client.reply().status == 403)
            }
            let events = server.service.news.count
            let refused = try await server.exchange(Self.token)
            #expect(refused.status == 429 && refused["retry-after"] == "60")
            #expect(server.service.news.count == events)
            fixture.becomeOwner()
            try await ask(server)
            _ = await fixture.questions()
            fixture.become(4242)
            fixture.time.advance(by: .seconds(61))
            try await ask(server)
            await eventually { fixture.approvals.pending.contains { $0.user == 4242 } }
        }
    }

    @Test("one process of the owner leaves room for the owner's others")
    func ownProcess() async throws {
        let fixture = ConfirmFixture(.each)
        try await ServerFixture.serving(access: fixture.access) { server in
            for count in 1...PendingApprovals.mostOfProcess {
                fixture.become(AccessFixture.owner, pid: 7)
                try await ask(server)
                _ = await fixture.questions(count)
            }
            #expect(try await server.exchange(Self.token).status == 429)
            fixture.become(AccessFixture.owner, pid: 8)
            try await ask(server)
            _ = await fixture.questions(PendingApprovals.mostOfProcess + 1)
        }
    }

    @Test("an approval under earlier rules does not cover a request under later ones")
    func generations() {
        var confirmed = ConfirmedProcesses()
        let process = ConfirmFixture.Process()
        func question(_ generation: UInt64) -> ApprovalQuestion {
            ApprovalQuestion(
                AccessRequest([.token], on: AccountName("work")), of: AccessFixture.stranger, .first, rule: 1,
                under: generation, process: process, person: 4242)
        }
        confirmed.add(question(1))
        #expect(confirmed.covers(question(1)) && !confirmed.covers(question(2)))
        let rules = CurrentRules(ConfirmFixture.rules(.first))
        let before = rules.generation
        rules.replace(ConfirmFixture.rules(.first))
        #expect(rules.generation == before)
        rules.replace(ConfirmFixture.rules(.each))
        #expect(rules.generation == before + 1)
    }

    @Test("a question's texts are cleaned and cut")
    func texts() async throws {
        let approvals = Approvals(clock: Approvals.Clock(wall: { 1 }, sleep: { _ in }))
        var caller = AccessFixture.stranger
        caller.executable = "/tmp/\u{1B}[31m" + String(repeating: "x", count: 5000) + "\n"
        caller.uncertain = .executable
        let request = AccessRequest([.token], on: AccountName("work"), scopes: ["a\u{7}b"])
        let question = ApprovalQuestion(request, of: caller, .each, rule: 1, process: nil, person: 4242)
        let asked = Task { await approvals.ask(question, within: .seconds(5)) }
        let end = await asked.value
        #expect(end == .timedOut)
        let seen = PendingApprovals.described(question)
        #expect(seen.executableClaimed?.count == 1000 && seen.executableClaimed?.contains("\u{1B}") == false)
        #expect(seen.scopes == ["ab"])
    }

    @Test("a user's approvals displace the oldest of the same user only; those of ended processes go")
    func remembered() {
        var confirmed = ConfirmedProcesses()
        let account = AccountName("work")
        func question(_ person: UInt32?, _ process: ConfirmFixture.Process) -> ApprovalQuestion {
            ApprovalQuestion(
                AccessRequest([.token], on: account), of: AccessFixture.stranger, .first, rule: 1, process: process,
                person: person)
        }
        let owner = question(nil, ConfirmFixture.Process())
        confirmed.add(owner)
        let processes = (0..<400).map { _ in ConfirmFixture.Process() }
        for process in processes { confirmed.add(question(7, process)) }
        #expect(confirmed.count == 1 + ConfirmedProcesses.mostOfOne)
        #expect(confirmed.covers(owner))
        #expect(!confirmed.covers(question(7, processes[0])) && confirmed.covers(question(7, processes[399])))
        for process in processes { process.end() }
        confirmed.add(question(8, ConfirmFixture.Process()))
        #expect(confirmed.count == 2)
    }
}
