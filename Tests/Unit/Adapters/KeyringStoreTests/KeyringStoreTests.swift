import AgentAPI
import Foundation
import KeyringProtocol
import KeyringStore
import SecretMemory
import TestSupport
import Testing
import Vault

/// The keyring store with the real helper and a real gnome-keyring.
@Suite(.serialized)
struct KeyringStoreTests {
    let work: AccountName

    init() throws { work = try #require(AccountName("work")) }

    private func store(_ keyring: PrivateKeyring, deadline: Duration = .seconds(20)) throws -> KeyringStore {
        try store(keyring.environment, deadline: deadline)
    }

    private func store(_ environment: [String: String], deadline: Duration = .seconds(20)) throws -> KeyringStore {
        KeyringStore(
            helper: try BuildProducts.path("authagent-keyring"), environment: environment, deadline: deadline
        )
    }

    private func record(
        _ secret: String, issuer: String = "https://a.example", purpose: RecordKey.Purpose = .login
    ) -> StoredRecord {
        StoredRecord(key: RecordKey(account: work, purpose: purpose), issuer: issuer, secret: SecretBytes(secret))
    }

    @Test("a record is stored, replaced and removed; its label is readable")
    func roundTrip() async throws {
        let keyring = try await PrivateKeyring()
        let store = try store(keyring)
        #expect(await store.probe() == StoreStatus(.ok, hasCollection: true, program: "gnome-keyring-daemon"))
        try await store.save(record("one"))
        try await store.save(record("two"))
        try await store.save(record("late", purpose: .revocation("1")))
        let records = try await store.loadAll()
        #expect(records.count == 2)
        #expect(records.first { $0.key.purpose == .login }?.secret == SecretBytes("two"))
        #expect(try await keyring.labels().contains { $0.contains("authagent: work (https://a.example)") })
        try await store.remove(RecordKey(account: work, purpose: .login))
        try await store.remove(RecordKey(account: work, purpose: .login))
        #expect(try await store.loadAll().map(\.key.purpose) == [.revocation("1")])
    }

    @Test("an item's secret is base64url, and the same bytes are read back, whatever the token")
    func encoding() async throws {
        let keyring = try await PrivateKeyring()
        let store = try store(keyring)
        let awkward = #"{"a":"\\s\\n\\t\" % & = + / : 'é"}"#
        try await store.save(record(awkward, issuer: #"https://a.example/\jdoe"#))
        #expect(try await store.loadAll().map(\.secret) == [SecretBytes(awkward)])
        let secretTool = try MissingProgram.require("secret-tool", package: "libsecret-tools")
        let item = try await ChildProcess.run(
            secretTool, ["search", "--all", "application", "authagent"], environment: keyring.environment)
        #expect(!(item.output + item.errors).contains("\\"), "\(item.output)")
        let plain = try await ChildProcess.run(
            secretTool, ["lookup", "application", "authagent"], environment: keyring.environment)
        #expect(plain.output.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    }

    @Test("a record in the old format is read, and rewritten at the first start; a later save replaces it")
    func oldForm() async throws {
        let keyring = try await PrivateKeyring()
        let secretTool = try MissingProgram.require("secret-tool", package: "libsecret-tools")
        let old = #"{"version":1,"refresh_token":"r"}"#
        let attributes = [
            "xdg:schema", "org.authagent.Credential", "application", "authagent", "account", "work", "purpose", "login",
            "issuer", "https://a.example",
        ]
        let result = try await ChildProcess.run(
            secretTool, ["store", "--label=authagent: work"] + attributes, environment: keyring.environment, input: old)
        #expect(result.status == 0)
        let store = try store(keyring)
        #expect(try await store.loadAll().map(\.secret) == [SecretBytes(old)])
        try await eventually("the record is not rewritten") {
            let found = try await ChildProcess.run(
                secretTool, ["search", "--all"] + attributes, environment: keyring.environment)
            return found.errors.contains("attribute.encoding = base64url")
                && found.output.components(separatedBy: "secret = ").count == 2
        }
        #expect(try await store.loadAll().map(\.secret) == [SecretBytes(old)])
        // An older agent, installed again for a while, overwrites it.
        _ = try await ChildProcess.run(
            secretTool, ["store", "--label=authagent: work"] + attributes, environment: keyring.environment, input: "{}"
        )
        #expect(try await store.loadAll().map(\.secret) == [SecretBytes("{}")])
        try await store.save(record("new"))
        #expect(try await store.loadAll().map(\.secret) == [SecretBytes("new")])
    }

    @Test("a user runs one job of the helper as JSON, and gets JSON")
    func byHand() async throws {
        let keyring = try await PrivateKeyring()
        try await store(keyring).save(record("one"))
        let helper = try BuildProducts.path("authagent-keyring")
        let result = try await ChildProcess.run(helper, [], environment: keyring.environment, input: #"{"load":{}}"#)
        #expect(result.status == 0)
        let reply = try JSONDecoder().decode(KeyringReply.self, from: Data(result.output.utf8))
        #expect(reply.records?.map(\.account) == ["work"])
        #expect(reply.program == "gnome-keyring-d")
        let junk = try await ChildProcess.run(helper, [], environment: keyring.environment, input: "junk")
        #expect(junk.status == 2)
    }

    @Test("a helper whose agent has died writes nothing: its record may be outdated")
    func orphan() async throws {
        let keyring = try await PrivateKeyring()
        let job = KeyringJob.save(
            KeyringRecord(account: "work", purpose: "login", issuer: "https://a.example", secret: Array("old".utf8)))
        let file = keyring.files.path + "/job"
        try JSONEncoder().encode(job).write(to: URL(fileURLWithPath: file))
        let helper = try BuildProducts.path("authagent-keyring")
        // The reader of the reply ends at once, or reads it.
        for (reader, count) in [(":", 0), ("cat", 1)] {
            let result = try await ChildProcess.run(
                "/bin/sh", ["-c", #""$1" <"$2" | \#(reader)"#, "sh", helper, file], environment: keyring.environment)
            #expect(result.status == 0)
            #expect(try await store(keyring).loadAll().count == count)
        }
    }

    @Test("a login at another issuer leaves one record, not two")
    func issuerChanges() async throws {
        let keyring = try await PrivateKeyring()
        let store = try store(keyring)
        try await store.save(record("one", issuer: "https://a.example"))
        try await store.save(record("two", issuer: "https://b.example"))
        let records = try await store.loadAll()
        #expect(records.map(\.issuer) == ["https://b.example"])
        #expect(records.first?.secret == SecretBytes("two"))
    }

    @Test("records survive the provider's death and restart, and the next job works")
    func providerRestarts() async throws {
        let keyring = try await PrivateKeyring()
        let store = try store(keyring)
        try await store.save(record("one"))
        await keyring.killProvider()
        #expect(await store.probe().state == .noProvider)
        await expectFailure(.noProvider) { _ = try await store.loadAll() }
        try await keyring.startProvider()
        #expect(try await store.loadAll().map(\.secret) == [SecretBytes("one")])
    }

    @Test("a locked keyring is reported as locked, never as empty")
    func locked() async throws {
        let keyring = try await PrivateKeyring()
        let store = try store(keyring)
        try await store.save(record("one"))
        try await keyring.lock()
        #expect(await store.probe().state == .locked)
        await expectFailure(.locked) { _ = try await store.loadAll() }
        await expectFailure(.locked) { try await store.save(record("two")) }
    }

    @Test("a keyring that does not reply is reported as hung at the deadline, and works when resumed")
    func hung() async throws {
        let keyring = try await PrivateKeyring()
        try await store(keyring).save(record("one"))
        keyring.stopProvider()
        let impatient = try store(keyring, deadline: .milliseconds(300))
        #expect(await impatient.probe().state == .hung)
        await expectFailure(.hung) { _ = try await impatient.loadAll() }
        keyring.resumeProvider()
        #expect(try await store(keyring).loadAll().map(\.secret) == [SecretBytes("one")])
    }

    @Test("no bus, a stale address and a restarted bus differ from a missing keyring")
    func bus() async throws {
        var nothing = ChildProcess.programEnvironment
        #expect(await (try store(nothing)).probe().state == .noBus)
        nothing["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nonexistent/bus"
        #expect(await (try store(nothing)).probe().state == .noBus)

        let keyring = try await PrivateKeyring()
        let store = try store(keyring)
        try await store.save(record("one"))
        await keyring.killBus()
        #expect(await store.probe().state == .noBus)
        try await keyring.startBus()
        #expect(await store.probe().state == .noProvider)
        try await keyring.startProvider()
        #expect(try await store.loadAll().map(\.secret) == [SecretBytes("one")])
    }

    @Test("a keyring without a default collection is reported as such")
    func noDefaultCollection() async throws {
        let keyring = try await PrivateKeyring(hasCollection: false)
        let status = try await store(keyring).probe()
        #expect(status.state == .failed)
        #expect(status.detail?.contains("default collection") == true)
        #expect(status.hasCollection == false)
    }

    @Test("an item that another program wrote under our name is skipped")
    func foreignItem() async throws {
        let keyring = try await PrivateKeyring()
        let secretTool = try MissingProgram.require("secret-tool", package: "libsecret-tools")
        let result = try await ChildProcess.run(
            secretTool, ["store", "--label=odd", "application", "authagent", "account", "no/name"],
            environment: keyring.environment, input: "odd"
        )
        #expect(result.status == 0)
        let store = try store(keyring)
        try await store.save(record("one"))
        #expect(try await store.loadAll().map(\.secret) == [SecretBytes("one")])
    }

    @Test("a locked item in a collection other than the default one has no effect")
    func lockedElsewhere() async throws {
        let keyring = try await PrivateKeyring()
        let store = try store(keyring)
        try await store.save(record("old"))
        try await keyring.lockElsewhere()
        #expect(try await store.loadAll().isEmpty)
        try await store.save(record("new"))
        try await store.save(record("other", issuer: "https://b.example"))
        #expect(try await store.loadAll().map(\.secret) == [SecretBytes("other")])
        try await store.remove(RecordKey(account: work, purpose: .login))
        #expect(try await store.loadAll().isEmpty)
    }

    @Test(
        "a missing or wrong helper program is a failure without further effect",
        arguments: ["/nonexistent", "/bin/true", "/bin/false", "/bin/cat"])
    func wrongHelper(program: String) async throws {
        let store = KeyringStore(helper: program, environment: [:])
        #expect(await store.probe().state == .failed)
    }

    @Test("a helper that ends without reading its job does not end the agent, however large the job")
    func deafHelper() async throws {
        let large = record(String(repeating: "x", count: 1_000_000))
        for program in ["/bin/true", "/bin/false"] {
            let store = KeyringStore(helper: program, environment: [:])
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<20 {
                    group.addTask { await expectFailure(.failed) { try await store.save(large) } }
                }
            }
        }
    }

    @Test("the helper's command line and environment contain no secret")
    func noLeak() async throws {
        let keyring = try await PrivateKeyring()
        keyring.stopProvider()
        let store = try store(keyring, deadline: .seconds(60))
        let canary = "canary-\(UInt64.random(in: 0...UInt64.max))"
        let save = Task { try? await store.save(record(canary)) }
        let helper = try BuildProducts.path("authagent-keyring")
        await eventually("the helper does not run") { !Self.processes(of: helper).isEmpty }
        var read = 0
        for pid in Self.processes(of: helper) {
            for file in ["cmdline", "environ"] {
                // Only root may read the environment of a process that is not dumpable. Helpers of other tests may end.
                guard file == "cmdline" || getuid() == 0,
                    let data = FileManager.default.contents(atPath: "/proc/\(pid)/\(file)")
                else { continue }
                read += 1
                #expect(data.range(of: Data(canary.utf8)) == nil, "\(file)")
            }
        }
        #expect(read > 0)
        keyring.resumeProvider()
        await save.value
    }

    private static func processes(of program: String) -> [String] {
        let pids = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.filter { Int($0) != nil } ?? []
        // By command name: the executable may be a copy in memory.
        return pids.filter { pid in
            FileManager.default.contents(atPath: "/proc/\(pid)/cmdline")?.split(separator: 0).first
                .map { Array($0) == Array(program.utf8) } ?? false
        }
    }

    private func expectFailure(
        _ state: StoreState, _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
    ) async {
        await #expect(sourceLocation: location) { try await body() } throws: { ($0 as? StoreFailure)?.state == state }
    }
}
