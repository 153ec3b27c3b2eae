import AgentAPI
import Foundation
import SealedStorage
import SecretMemory
import TestSupport
import Testing
import Vault

struct RecordTests {
    typealias Fixture = SealedStoreFixture
    let fixture: SealedStoreFixture

    init() throws { fixture = try SealedStoreFixture() }

    @Test("records are loaded by a later agent, with key and issuer; the files show nothing of them")
    func roundTrip() async throws {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "secret-one"))
        try await store.save(try Fixture.record("a.b-c_d+e@f", "secret-two"))
        try await store.save(try Fixture.record("work", "secret-three", .revocation("1f2e")))
        #expect(
            try await fixture.secrets() == [
                "work login": "secret-one", "a.b-c_d+e@f login": "secret-two", "work revocation:1f2e": "secret-three",
            ])
        #expect(try await fixture.store().loadAll().allSatisfy { $0.issuer == "https://issuer.example" })
        for name in try fixture.names {
            let text = String(decoding: try fixture.bytes(name), as: UTF8.self)
            #expect(!text.contains("secret") && !text.contains("issuer"), "\(name)")
        }
    }

    @Test("a write replaces the record, one file for each; a removal leaves none")
    func replacing() async throws {
        let store = try await fixture.initialized()
        for number in 1...3 { try await store.save(try Fixture.record("work", "r\(number)")) }
        #expect(try await fixture.secrets() == ["work login": "r3"])
        #expect(try fixture.names == ["marks.sealed", "store.sealed", "work~login~3"])
        try await store.remove(try Fixture.key("work"))
        try await store.remove(try Fixture.key("work"))
        #expect(try fixture.names == ["marks.sealed", "store.sealed"])
    }

    @Test("swapped files of two accounts are both refused, and hide no third")
    func swapped() async throws {
        let store = try await fixture.initialized()
        for name in ["home", "work", "other"] { try await store.save(try Fixture.record(name, name)) }
        let (home, work) = (try fixture.bytes("home~login~1"), try fixture.bytes("work~login~1"))
        try fixture.put(work, "home~login~1")
        try fixture.put(home, "work~login~1")
        #expect(try await fixture.secrets() == ["home login": "", "work login": "", "other login": "other"])
        #expect(fixture.warnings.count == 2)
    }

    @Test("a record of one purpose does not pass as one of another")
    func otherPurpose() async throws {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "old", .revocation("61")))
        try fixture.put(try fixture.bytes("work~revocation-3631~1"), "work~login~1")
        #expect(try await fixture.secrets()["work login"] == "")
    }

    @Test("an older generation does not pass as a newer one")
    func generations() async throws {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "r1"))
        let old = try fixture.bytes("work~login~1")
        try await store.save(try Fixture.record("work", "r2"))
        try fixture.put(old, "work~login~3")
        #expect(try await fixture.secrets() == ["work login": "r2"])
        #expect(fixture.warnings.first?.contains("work~login~3 does not open") == true)
    }

    @Test("a damaged newest record is replaced by its predecessor if that exists, with a warning")
    func fallback() async throws {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "r1"))
        let (old, marks) = (try fixture.bytes("work~login~1"), try fixture.bytes("marks.sealed"))
        try await store.save(try Fixture.record("work", "r2"))
        // As after a crash between the write and its mark, on a disk that lost the new file's content.
        try fixture.put(marks, "marks.sealed")
        try fixture.put(old, "work~login~1")
        try fixture.put(Data(), "work~login~2")
        #expect(try await fixture.secrets() == ["work login": "r1"])
        #expect(fixture.warnings.first?.contains("its predecessor is used") == true)
        // The next write replaces the damaged file, and leaves only itself.
        try await fixture.store().save(try Fixture.record("work", "r3"))
        #expect(try fixture.names == ["marks.sealed", "store.sealed", "work~login~2"])
        #expect(try await fixture.secrets() == ["work login": "r3"])
    }

    private static let claims: [UInt64] = [
        4_294_967_296, 4_611_686_018_427_387_902, 4_611_686_018_427_387_903, 9_223_372_036_854_775_806,
        .max,
    ]

    @Test(
        "a file whose name claims a large generation loses no record and uses up no generation",
        arguments: Self.claims, [mode_t(0o600), 0o644])
    func claimedGeneration(generation: UInt64, mode: mode_t) async throws {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "r1"))
        try fixture.put(Data(), "work~login~\(generation)")
        chmod(fixture.directory + "/work~login~\(generation)", mode)
        for number in 2...4 { try await store.save(try Fixture.record("work", "r\(number)")) }
        #expect(try await fixture.secrets() == ["work login": "r4"])
        #expect(try fixture.names.contains("work~login~4"))
    }

    @Test("a write is newer than an unreadable file, which may be repaired later")
    func newerThanUnreadable() async throws {
        let store = try await fixture.initialized()
        for number in 1...2 { try await store.save(try Fixture.record("work", "r\(number)")) }
        chmod(fixture.directory + "/work~login~2", 0o644)
        try await store.save(try Fixture.record("work", "r3"))
        #expect(try fixture.names == ["marks.sealed", "store.sealed", "work~login~3"])
    }

    @Test("every damaged file is an unreadable record, never a crash")
    func damaged() async throws {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "r1"))
        let good = try fixture.bytes("work~login~1")
        for count in stride(from: 0, to: good.count, by: 7) {
            try fixture.put(good.prefix(count), "work~login~1")
            #expect(try await fixture.secrets() == ["work login": ""])
        }
        for index in stride(from: 0, to: good.count, by: 5) {
            var changed = good
            changed[index] ^= 0x10
            try fixture.put(changed, "work~login~1")
            #expect(try await fixture.secrets() == ["work login": ""])
        }
    }

    @Test("a repairable file is a failure of its own record, with the command, not a lost login")
    func repairable() async throws {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "r1"))
        try await store.save(try Fixture.record("home", "r1"))
        let path = fixture.directory + "/work~login~1"
        chmod(path, 0o644)
        let records = try await store.loadAll()
        #expect(records.compactMap(\.problem).map(\.hint) == ["run 'chmod 600 \(path)'"])
        #expect(records.contains { $0.key.account.description == "home" && $0.problem == nil })
        let reader = StoreReader(store: store, time: fixture.time)
        await #expect(throws: StoreFailure.self) { _ = try await reader.find(try Fixture.key("work").account) }
        chmod(path, 0o600)
        try #require(chown(path, 1, 1) == 0, "only root can give a file away")
        #expect(try await store.loadAll().compactMap(\.problem).count == 1)
    }

    @Test("on a full disk a write fails with the reason, and the old record stays", .timeLimit(.minutes(10)))
    func fullDisk() async throws {
        try #require(getuid() == 0, "only root can mount a small disk")
        let disk = try await SmallDisk(kibibytes: 128)
        let store = SealedStore(
            path: disk.path + "/sealed", credentialsDirectory: nil, time: fixture.time, cost: .cheap, warn: { _ in })
        try await store.initialize(with: .file(fixture.keyFile))
        try await store.save(try Fixture.record("work", "r1"))
        try await store.prepareToSave()
        try disk.fill()
        await #expect(throws: StoreFailure.self) { try await store.prepareToSave() }
        let large = try Fixture.record("work", String(repeating: "r", count: 9000))
        await #expect(throws: StoreFailure.self) { try await store.save(large) }
        do throws(StoreFailure) { try await store.save(large) } catch {
            #expect(error.state == .failed)
            #expect(error.hint == "make room on the disk")
        }
        #expect(try await store.loadAll().map { $0.secret.revealedText() } == ["r1"])
        disk.makeRoom()
        try await store.save(large)
        await disk.makeReadOnly()
        await #expect(throws: StoreFailure.self) { try await store.remove(try Fixture.key("work")) }
        #expect(try await store.loadAll().count == 1)
    }

    @Test("one record is read without the others")
    func single() async throws {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "r1"))
        try await store.save(try Fixture.record("work.2", "r2"))
        #expect(try await store.load(try Fixture.key("work"))?.secret == SecretBytes("r1"))
        #expect(try await store.load(try Fixture.key("home")) == nil)
    }
}
