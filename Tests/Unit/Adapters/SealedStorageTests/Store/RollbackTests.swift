import AgentAPI
import Foundation
import SealedStorage
import SecretMemory
import TestSupport
import Testing
import Vault

/// Files of the store that are restored from a copy.
struct RollbackTests {
    typealias Fixture = SealedStoreFixture
    let fixture: SealedStoreFixture

    init() throws { fixture = try SealedStoreFixture() }

    private static let marks = "marks.sealed"

    /// A store whose login was renewed once, and its first record.
    private func renewed() async throws -> (store: SealedStore, old: Data) {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "r1"))
        let old = try fixture.bytes("work~login~1")
        try await store.save(try Fixture.record("work", "r2"))
        return (store, old)
    }

    @Test(
        "an older record is refused when the newest is removed or damaged", arguments: [true, false])
    func older(isRemoved: Bool) async throws {
        let (store, old) = try await renewed()
        try fixture.put(old, "work~login~1")
        if isRemoved {
            unlink(fixture.directory + "/work~login~2")
        } else {
            try fixture.put(Data(), "work~login~2")
        }
        #expect(try await fixture.secrets() == ["work login": ""])
        #expect(fixture.warnings.contains { $0.contains("older than a record seen before") })
        // The running agent is not misled either.
        #expect(try await store.load(try Fixture.key("work"))?.secret.count == 0)
        // A new login replaces it, with the next generation.
        try await fixture.store().save(try Fixture.record("work", "r3"))
        #expect(try await fixture.secrets() == ["work login": "r3"])
        try fixture.put(old, "work~login~1")
        #expect(try await fixture.secrets() == ["work login": "r3"])
    }

    @Test("an ended login does not come back with its record")
    func ended() async throws {
        let (store, _) = try await renewed()
        let last = try fixture.bytes("work~login~2")
        try await store.remove(try Fixture.key("work"))
        try fixture.put(last, "work~login~2")
        #expect(try await fixture.secrets() == ["work login": ""])
        try await fixture.store().save(try Fixture.record("work", "later"))
        #expect(try await fixture.secrets() == ["work login": "later"])
    }

    @Test("without the marks no record counts as the newest; a rekey accepts the existing ones")
    func lostMarks() async throws {
        let (_, old) = try await renewed()
        let newest = try fixture.bytes("work~login~2")
        let marks = try fixture.bytes(Self.marks)
        for damage in [nil, Data(), marks.prefix(20), newest] as [Data?] {
            if let damage { try fixture.put(damage, Self.marks) } else { unlink(fixture.directory + "/" + Self.marks) }
            try fixture.put(old, "work~login~1")
            unlink(fixture.directory + "/work~login~2")
            let records = try await fixture.store().loadAll()
            #expect(records.map { $0.secret.count } == [0])
            #expect(records.first?.problem?.hint?.contains("authagent store rekey") == true)
            #expect(await fixture.store().probe().state == .failed)
            // The login is not lost: it is back with the marks.
            try fixture.put(newest, "work~login~2")
            try fixture.put(marks, Self.marks)
            #expect(try await fixture.secrets() == ["work login": "r2"])
        }
        unlink(fixture.directory + "/" + Self.marks)
        // A renewal is not lost meanwhile, and does not make the marks trusted again.
        try await fixture.store().save(try Fixture.record("work", "r3"))
        #expect(try await fixture.secrets() == ["work login": ""])
        try await fixture.store().rekey(with: .file(fixture.keyFile))
        #expect(try await fixture.secrets() == ["work login": "r3"])
        #expect(try fixture.names.contains(Self.marks))
    }

    @Test("an agent that knows the newest records continues without the marks file, and rewrites it")
    func marksInMemory() async throws {
        let (store, _) = try await renewed()
        unlink(fixture.directory + "/" + Self.marks)
        #expect(try await store.load(try Fixture.key("work"))?.secret == SecretBytes("r2"))
        try await store.save(try Fixture.record("work", "r3"))
        #expect(try await fixture.secrets() == ["work login": "r3"])
    }

    @Test("outdated marks, as after a crash before their write, lose no login")
    func behind() async throws {
        let store = try await fixture.initialized()
        let empty = try fixture.bytes(Self.marks)
        try await store.save(try Fixture.record("work", "r1"))
        let first = try fixture.bytes(Self.marks)
        let old = try fixture.bytes("work~login~1")
        for marks in [empty, first] {
            try await store.save(try Fixture.record("work", "next"))
            try fixture.put(marks, Self.marks)
            #expect(try await fixture.secrets() == ["work login": "next"])
            // The marks were updated to what was seen.
            #expect(try fixture.bytes(Self.marks) != marks)
        }
        // A crash between the write and its mark, on a disk that lost the new file's content.
        try fixture.put(old, "work~login~1")
        for name in try fixture.names where name.hasPrefix("work~login~") && name != "work~login~1" {
            try fixture.put(Data(), name)
        }
        try fixture.put(first, Self.marks)
        #expect(try await fixture.secrets() == ["work login": "r1"])
        #expect(fixture.warnings.contains { $0.contains("its predecessor is used") })
    }

    @Test("a restored older directory is accepted as it was, as the manual says")
    func wholeDirectory() async throws {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "r1"))
        let copy = fixture.files.path + "/copy"
        try FileManager.default.copyItem(atPath: fixture.directory, toPath: copy)
        try await store.save(try Fixture.record("work", "r2"))
        try FileManager.default.removeItem(atPath: fixture.directory)
        try FileManager.default.moveItem(atPath: copy, toPath: fixture.directory)
        let marks = try fixture.bytes(Self.marks)
        // Only an agent running since then knows the newer record: the owner has restored the directory.
        #expect(try await store.load(try Fixture.key("work"))?.secret.count == 0)
        #expect(try await store.loadAll().map { $0.secret.count } == [0])
        #expect(try fixture.bytes(Self.marks) == marks)
        #expect(try await fixture.secrets() == ["work login": "r1"])
        try await fixture.store().rekey(with: .file(fixture.keyFile))
        #expect(try await fixture.secrets() == ["work login": "r1"])
    }

    @Test("a full or read-only disk without room for a mark loses no login", .timeLimit(.minutes(10)))
    func fullDisk() async throws {
        try #require(getuid() == 0, "only root can mount a small disk")
        let disk = try await SmallDisk(kibibytes: 128)
        func store() -> SealedStore {
            SealedStore(
                path: disk.path + "/sealed", credentialsDirectory: nil, time: fixture.time, cost: .cheap, warn: { _ in }
            )
        }
        try await store().initialize(with: .file(fixture.keyFile))
        try await store().save(try Fixture.record("work", "r1"))
        try disk.fill()
        _ = try? await store().save(try Fixture.record("work", "r2"))
        #expect(["r1", "r2"].contains(try await store().loadAll().map { $0.secret.revealedText() }.joined()))
        await disk.makeReadOnly()
        #expect(["r1", "r2"].contains(try await store().loadAll().map { $0.secret.revealedText() }.joined()))
    }

    /// Files of version 1, with the fixture's key.
    private static let firstHeader =
        #"{"generation":1,"key":"YWdzZWFsZWQBAVZ0nOgrySa1AAAAAAAAAAFdfSqPY3HDyMwWUAgRs2wGjdzI0401k5hbD98r/HDHcoVjk1L9"#
        + #"wvsasKBF4U/WukJUklu1SOoEY/JhSnk=","key_file":"KEYFILE","key_source":"file","version":1}"#
    private static let firstRecord =
        "YWdzZWFsZWQBAf+6eppu1QQ6AAAAAAAAAAHYfBCXR9fsJrtgaxxvGPpe9ZexWxDleAj/pwYnn7n/ObRChEb3nysNQVWK/ra3z7Lu"
        + "dYRoKWgWyVikkRAaE8nUvNogb6ZR1vrye0E1y5A/zL5f3adrSaVxO29gDJ/OSGW0r5eZCjsmRDVHwYUTtgjGaiXfRkC9MwxfsmoO"
        + "OEEBmuep8CT5TrYc5WAnQgLeLZj4b7dwhfbPsGEf2YAvG7zJcNN+TyV2DjvCoT/3AqsanBOVnIJxkxxoj12PY3r1VDGRjudwmOfk"
        + "djedcx0zW1nrrYSNNUoINiln4U/iw15TJgza0i5bQhvwK6kgIl4cK4H5tcT5jkb0x0JxBqRygdpF7eBVqfJF0XstNh5KY5H/VpUd"
        + "1uFqHSbkI5GxvyqKGgtWBUJpoPd5rdM/1DIXDk21E0cixgpXpiYnmuGaFajS64g6wIgfkWd1nCg="

    @Test("a store of version 1, without marks, opens; a rekey adds them")
    func firstVersion() async throws {
        try fixture.files.directory("sealed")
        let header = Self.firstHeader.replacingOccurrences(of: "KEYFILE", with: fixture.keyFile)
        try fixture.put(Data(header.utf8), "store.sealed")
        try fixture.put(try #require(Data(base64Encoded: Self.firstRecord)), "work~login~1")
        #expect(try await fixture.secrets()["work login"]?.contains("refresh_token") == true)
        try await fixture.store().save(try Fixture.record("work", "r2"))
        #expect(try await fixture.secrets() == ["work login": "r2"])
        #expect(try !fixture.names.contains(Self.marks))
        // An agent of version 1 restarts the count after a logout and a login.
        unlink(fixture.directory + "/work~login~2")
        try fixture.put(try #require(Data(base64Encoded: Self.firstRecord)), "work~login~1")
        #expect(try await fixture.secrets()["work login"]?.contains("refresh_token") == true)
        try await fixture.store().save(try Fixture.record("work", "r2"))
        try await fixture.store().rekey(with: .file(fixture.keyFile))
        #expect(try await fixture.secrets() == ["work login": "r2"])
        unlink(fixture.directory + "/" + Self.marks)
        #expect(try await fixture.store().loadAll().first?.problem != nil)
    }
}
