import AgentAPI
import AgentServer
import Foundation
import Logging
import Policy
import ServiceLifecycle
import Synchronization
import System
import TestSupport
import Testing

/// The socket of systemd's LoadCredential=, with a client that binds the names that systemd does.
@Suite(.timeLimit(.minutes(2)))
struct CredentialServerTests {
    /// More than systemd takes for a credential, so that the unit does not start.
    private static let refusal = 1024 * 1024 + 1

    /// As systemd's: other connections may have the same unit and credential.
    private static var random: String { String(UInt64.random(in: 0 ... .max), radix: 16) }

    private let files: TemporaryDirectory
    private let audit = AccessFixture()
    private let service = FakeAgentService()

    init() throws { files = try TemporaryDirectory() }

    private static func caller(unit: String?, user: UInt32 = 0, userUnit: String? = nil) -> Caller {
        Caller(pid: 7, user: user, group: user, unit: unit, userUnit: userUnit)
    }

    private func rule(
        _ unit: String, _ credential: String = "api", account: String = "work", what: SinkContentKind = .accessToken
    ) throws -> CredentialRule {
        CredentialRule(
            unit: Glob(unit), credential: Glob(credential), account: try #require(AccountName(account)), what: what)
    }

    /// Serves while `body` runs. Each connection is from this caller.
    private func serving(
        _ rules: [CredentialRule], as caller: Caller, most: Int = 64,
        subordinates: SubordinateUsers = SubordinateUsers(),
        pause: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) },
        _ body: (String) async throws -> Void
    ) async throws {
        let path = files.path + "/credential.sock"
        unlink(path)
        let access = audit.access(
            CurrentRules(AccessRules(owner: AccessFixture.owner, subordinates: subordinates)), as: KnownCaller(caller))
        let listener = try LocalSocket.listen(at: path).consumeRaw()
        var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let group = ServiceGroup(
            services: [
                CredentialServer(
                    listeners: [listener], service: service, access: access,
                    rules: CredentialRules(rules), logger: logger, most: most, pause: pause)
            ], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body(path)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func read(_ path: String, as name: String?) async -> [UInt8]? {
        await CredentialClient.read(path, as: name)
    }

    @Test("a unit gets the token of the first rule about it and the credential's name, and nothing else")
    func served() async throws {
        let rules = [
            try rule("other.service", account: "other"), try rule("backup*.service", "api"), try rule("*.service", "*"),
        ]
        try await serving(rules, as: Self.caller(unit: "backup@1.service")) { path in
            #expect(await read(path, as: "\(Self.random)/unit/backup@1.service/api") == Array("at-secret".utf8))
        }
        let record = try #require(audit.records.first)
        #expect(audit.records.count == 1 && record.result == .allowed && record.rule == 2)
        #expect(record.caller.unit == "backup@1.service" && record.account?.description == "work")
        #expect(record.permissions == [.token])
    }

    @Test(
        "a unit without a rule, one that the kernel does not confirm, and a failure get what systemd refuses",
        arguments: [
            ("other.service", "other.service", "api"), ("backup.service", "backup.service", "other"),
            ("backup.service", "cron.service", "api"), ("backup.service", nil, "api"),
            ("gone.service", "gone.service", "api"), ("large.service", "large.service", "api"),
        ] as [(String, String?, String)])
    func refused(claimed: String, unit: String?, credential: String) async throws {
        let rules = [
            try rule("backup.service"), try rule("gone.service", account: "ghost"),
            try rule("large.service", account: "large"),
        ]
        try await serving(rules, as: Self.caller(unit: unit)) { path in
            let bytes = await read(path, as: "\(Self.random)/unit/\(claimed)/\(credential)")
            #expect(bytes?.count == Self.refusal && bytes?.allSatisfy { $0 == UInt8(ascii: "\n") } == true)
        }
        #expect(audit.records.count == 1 && audit.records.first?.result != .allowed)
    }

    @Test("the agent's own user is believed for units of its own manager; another user never")
    func users() async throws {
        let name = "\(Self.random)/unit/backup.service/api"
        let own = Self.caller(unit: "user@1000.service", user: AccessFixture.owner, userUnit: "backup.service")
        try await serving([try rule("backup.service")], as: own) { path in
            #expect(await read(path, as: name) == Array("at-secret".utf8))
        }
        let other = Self.caller(unit: "backup.service", user: 4242, userUnit: "backup.service")
        try await serving([try rule("backup.service")], as: other) { path in
            #expect(await read(path, as: name) == [])
        }
        #expect(audit.records.last?.reason == "not_a_manager")
    }

    @Test(
        "a manager's connection from a name of another form gets what systemd refuses",
        arguments: [
            nil, "f00", "f00/unit/backup.service", "f00/unit/backup.service/api/x", "f00/session/backup.service/api",
        ])
    func names(name: String?) async throws {
        try await serving([try rule("*.service")], as: Self.caller(unit: "backup.service")) { path in
            #expect(await read(path, as: name)?.count == Self.refusal)
        }
        #expect(audit.records.map(\.result) == [.refused(.forbidden)])
    }

    @Test("the audit names the claimed unit and credential of a refused caller, and its user's owner")
    func audited() async throws {
        try await serving([], as: Self.caller(unit: "cron.service")) { path in
            _ = await read(path, as: "\(Self.random)/unit/backup.service/api")
        }
        let record = try #require(audit.records.first)
        #expect(record.credential == AccessRecord.Credential(unit: "backup.service", name: "api"))
        #expect(record.caller.unit == "cron.service" && record.reason == "not_a_manager")
        let subordinates = SubordinateUsers(parsing: "5503:4242:1") { _ in nil }
        try await serving([], as: Self.caller(unit: "a.service", user: 4242), subordinates: subordinates) { path in
            _ = await read(path, as: "\(Self.random)/unit/a.service/api")
        }
        #expect(audit.records.last?.owner == 5503)
    }

    @Test("a connection as the agent stops is refused or reset, never closed like an empty credential")
    func stopping() async throws {
        let (_, ended) = AsyncStream.makeStream(of: Int32.self)
        ended.finish()
        var pair: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let (peer, socket) = (pair[0], pair[1])
        let isReading = Mutex(false)
        async let bytes: [UInt8] = BlockingQueue("test.peer").run { () throws(Never) in
            isReading.withLock { $0 = true }
            var bytes: [UInt8] = []
            _ = SystemCall.readAll(peer, into: &bytes, limit: 4 << 20)
            return bytes
        }
        // The refusal waits a second for a reader.
        await eventually { isReading.withLock { $0 } }
        CredentialServer.hand(socket, to: ended)
        #expect(await bytes.count == Self.refusal)
        close(peer)

        for _ in 0..<20 {
            let clients = Mutex<[Task<[UInt8]?, Never>]>([])
            try await serving([try rule("backup.service")], as: Self.caller(unit: "backup.service")) { path in
                #expect(await read(path, as: "\(Self.random)/unit/backup.service/api") == Array("at-secret".utf8))
                for _ in 0..<4 {
                    let client = Task { await read(path, as: "\(Self.random)/unit/backup.service/api") }
                    clients.withLock { $0.append(client) }
                }
            }
            for client in clients.withLock({ $0 }) { #expect(await client.value != []) }
        }
    }

    @Test("a peer that does not read is given up after one limit for the whole reply")
    func unread() async throws {
        var pair: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let reply = [UInt8](repeating: 7, count: 4 << 20)
        let isSent = await CredentialReply.send(reply, to: pair[1], within: .milliseconds(50))
        #expect(!isSent && CredentialReply.patience == .seconds(10))
        for descriptor in pair { close(descriptor) }
    }

    @Test("with the most connections open, the next one waits until another has ended")
    func capped() async throws {
        let rules = [try rule("slow.service", account: "slow")]
        try await serving(
            rules, as: Self.caller(unit: "slow.service"), most: 2,
            pause: { _ in try? await Task.sleep(for: .seconds(600)) }
        ) { path in
            let name = "/unit/slow.service/api"
            try await withThrowingDiscardingTaskGroup { group in
                for _ in 0..<3 {
                    group.addTask {
                        #expect(await read(path, as: Self.random + name)?.isEmpty == false)
                    }
                }
                await eventually { service.calls.count == 2 }
                for _ in 0..<1000 { await Task.yield() }
                #expect(service.calls.count == 2)
                service.refresh.open()
            }
        }
        #expect(audit.records.count == 3)
    }

    @Test("a token that does not come within 10 s is refused, and the next unit is served meanwhile")
    func slow() async throws {
        let gate = Gate()
        let limits = Mutex<[Duration]>([])
        let rules = [try rule("slow.service", account: "slow"), try rule("backup.service")]
        try await serving(
            rules, as: Self.caller(unit: "slow.service"),
            pause: { limit in
                limits.withLock { $0.append(limit) }
                await gate.pass()
            }
        ) { path in
            async let slow = read(path, as: "\(Self.random)/unit/slow.service/api")
            await eventually { limits.withLock { !$0.isEmpty } }
            gate.open()
            await eventually { audit.records.contains { $0.result == .failed(.timeout) } }
            service.refresh.open()
            #expect(await slow?.count == Self.refusal)
        }
        #expect(limits.withLock { $0 } == [.seconds(10)])
    }
}
