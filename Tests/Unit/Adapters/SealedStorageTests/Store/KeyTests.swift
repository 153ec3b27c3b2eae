import AgentAPI
import Foundation
import SealedStorage
import SecretMemory
import TestSupport
import Testing
import Vault

struct KeyTests {
    typealias Fixture = SealedStoreFixture
    let fixture: SealedStoreFixture
    let passphrase = SecretBytes("correct horse")

    init() throws { fixture = try SealedStoreFixture() }

    private func failure(_ body: () async throws(KeyedStoreFailure) -> Void) async -> KeyedStoreFailure? {
        do throws(KeyedStoreFailure) {
            try await body()
            return nil
        } catch { return error }
    }

    @Test("a store that does not exist is reported as such, and a query creates nothing")
    func absent() async throws {
        let store = fixture.store()
        #expect(await store.probe().state == .notInitialized)
        await #expect(throws: StoreFailure.self) { try await store.save(try Fixture.record("work", "r1")) }
        #expect(!FileManager.default.fileExists(atPath: fixture.directory))
    }

    @Test("with a passphrase the store is open at once, and locked after a restart until unlocked")
    func passphraseOpens() async throws {
        let first = fixture.store()
        try await first.initialize(with: .passphrase(passphrase))
        try await first.save(try Fixture.record("work", "r1"))
        let second = fixture.store()
        #expect(await second.probe().state == .locked)
        #expect(await second.probe().hint == "run 'authagent unlock'")
        await #expect(throws: StoreFailure.self) { _ = try await second.loadAll() }
        try await second.unlock(with: passphrase)
        #expect(await second.probe() == StoreStatus(.ok))
        #expect(try await second.loadAll().count == 1)
    }

    @Test("each wrong passphrase doubles the wait for the next, up to a minute; other calls do not wait")
    func slowGuesses() async throws {
        let store = fixture.store()
        try await store.initialize(with: .passphrase(passphrase))
        try await store.save(try Fixture.record("work", "r1"))
        var waits: [Int] = []
        for _ in 0..<9 {
            let guess = Task {
                await self.failure { () throws(KeyedStoreFailure) in
                    try await store.unlock(with: SecretBytes("wrong horse"))
                }
            }
            var waited = 0
            if !waits.isEmpty || waited > 0 {
                await eventually { fixture.time.sleeperCount == 1 }
                // The store works meanwhile.
                #expect(try await store.loadAll().count == 1)
                while fixture.time.sleeperCount == 1 {
                    fixture.time.advance(by: .seconds(1))
                    waited += 1
                }
            }
            guard case .wrongPassphrase? = await guess.value else {
                Issue.record("a wrong passphrase is not refused")
                return
            }
            waits.append(waited)
        }
        #expect(waits == [0, 1, 2, 4, 8, 16, 32, 60, 60])
        let right = Task {
            await self.failure { () throws(KeyedStoreFailure) in
                try await store.unlock(with: self.passphrase)
            }
        }
        await eventually { fixture.time.sleeperCount == 1 }
        fixture.time.advance(by: .seconds(60))
        #expect(await right.value == nil)
        // The delay is reset: the next attempt is checked at once.
        #expect(await failure { () throws(KeyedStoreFailure) in try await store.unlock(with: passphrase) } == nil)
    }

    @Test(
        "the right passphrase waits no longer than the wrong one before it; waiting ones are limited")
    func guessesBesideOthers() async throws {
        let store = fixture.store()
        try await store.initialize(with: .passphrase(passphrase))
        @Sendable func guess(_ text: SecretBytes) async -> KeyedStoreFailure? {
            await failure { () throws(KeyedStoreFailure) in try await store.unlock(with: text) }
        }
        let wrong = SecretBytes("wrong horse")
        _ = await guess(wrong)
        async let second = guess(wrong)
        await eventually { fixture.time.sleeperCount == 1 }
        async let right = guess(passphrase)
        await eventually { fixture.time.sleeperCount == 2 }
        async let third = guess(wrong)
        async let fourth = guess(wrong)
        await eventually { fixture.time.sleeperCount == 4 }
        guard case .busy? = await guess(passphrase) else {
            Issue.record("five guesses for one wait")
            return
        }
        fixture.time.advance(by: .seconds(1))
        #expect(await right == nil)
        guard case .wrongPassphrase? = await second else {
            Issue.record("a wrong passphrase is not refused")
            return
        }
        _ = await (third, fourth)
    }

    @Test("a store with a key file unlocks itself, but not with another, short, loose or missing key")
    func keyFile() async throws {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "r1"))
        #expect(try await fixture.secrets() == ["work login": "r1"])
        let description = await fixture.store().describe()
        #expect(description.keySource == .file)
        #expect(description.keyFile == fixture.keyFile)
        #expect(description.records == 1)

        chmod(fixture.keyFile, 0o640)
        #expect(await fixture.store().probe().hint == "run 'chmod 600 \(fixture.keyFile)'")
        try fixture.files.file("key", String(repeating: "x", count: 32))
        #expect(await fixture.store().probe().detail?.contains("is not the sealed store's key") == true)
        try fixture.files.file("key", "short")
        #expect(await fixture.store().probe().detail?.contains("fewer than 32") == true)
        // The path may name any file by mistake, so no hint may overwrite it.
        #expect(await fixture.store().probe().hint?.contains(">") == false)
        unlink(fixture.keyFile)
        let missing = fixture.store()
        #expect(await missing.probe().state == .failed)
        #expect(await missing.probe().detail?.contains("does not exist") == true)
        // Once restored, it is used without a restart.
        try fixture.files.file("key", String(repeating: "k", count: 32))
        #expect(await missing.probe().state == .ok)
    }

    @Test("a store with a systemd credential opens if systemd passes it; otherwise the hint is to add it")
    func credential() async throws {
        let credentials = try fixture.files.directory("credentials")
        try fixture.files.file("credentials/authagent-key", String(repeating: "c", count: 64), mode: 0o400)
        let store = fixture.store(credentials: credentials)
        try await store.initialize(with: .credential)
        try await store.save(try Fixture.record("work", "r1"))
        #expect(try await fixture.store(credentials: credentials).loadAll().count == 1)
        let elsewhere = await fixture.store().probe()
        #expect(elsewhere.state == .failed)
        #expect(elsewhere.hint?.contains("LoadCredential=authagent-key:") == true)
    }

    @Test("without a key, with a short passphrase, or with records or a store there, none is created")
    func refusals() async throws {
        func initialize(_ choice: StoreKeyChoice) async -> KeyedStoreFailure? {
            await failure { () throws(KeyedStoreFailure) in try await fixture.store().initialize(with: choice) }
        }
        for choice: StoreKeyChoice in [
            .credential, .passphrase(SecretBytes("short")), .file("relative"), .file(fixture.files.path + "/none"),
        ] {
            guard case .refused? = await initialize(choice) else {
                Issue.record("\(choice)")
                continue
            }
        }
        #expect(!FileManager.default.fileExists(atPath: fixture.directory))
        let store = try await fixture.initialized()
        guard case .refused? = await initialize(.passphrase(passphrase)) else {
            Issue.record("a second store")
            return
        }
        try await store.save(try Fixture.record("work", "r1"))
        unlink(fixture.directory + "/store.sealed")
        guard case .store? = await initialize(.passphrase(passphrase)) else {
            Issue.record("records without a header")
            return
        }
        // Nothing is written with a key that the header could not restore after a restart.
        await #expect(throws: StoreFailure.self) { try await store.save(try Fixture.record("work", "r2")) }
    }

    @Test("after a rekey the old key and a copy of the old header still open the records, as the manual says")
    func rekeyKeepsRecords() async throws {
        let store = try await fixture.initialized()
        let header = try fixture.bytes("store.sealed")
        try await store.rekey(with: .passphrase(passphrase))
        try await store.save(try Fixture.record("work", "later"))
        try fixture.put(header, "store.sealed")
        #expect(try await fixture.secrets() == ["work login": "later"])
    }

    @Test("a rekey changes only the header, which the old key does not open; the records stay")
    func rekey() async throws {
        let store = try await fixture.initialized()
        try await store.save(try Fixture.record("work", "r1"))
        let (header, record) = (try fixture.bytes("store.sealed"), try fixture.bytes("work~login~1"))
        try await store.rekey(with: .passphrase(passphrase))
        #expect(try fixture.bytes("work~login~1") == record)
        #expect(try fixture.bytes("store.sealed") != header)
        try await store.save(try Fixture.record("work", "r2"))
        let later = fixture.store()
        #expect(await later.probe().state == .locked)
        // The key of a locked store cannot be changed.
        let refused = await failure { () throws(KeyedStoreFailure) in
            try await later.rekey(with: .file(fixture.keyFile))
        }
        #expect(
            refused == .store(StoreFailure(.locked, await later.probe().detail ?? "", hint: "run 'authagent unlock'")))
        try await later.unlock(with: passphrase)
        try await later.rekey(with: .file(fixture.keyFile))
        #expect(try await fixture.secrets() == ["work login": "r2"])
    }

    @Test("a damaged header is a failure with a remedy, never a crash")
    func damagedHeader() async throws {
        let first = fixture.store()
        try await first.initialize(with: .passphrase(passphrase))
        let good = try fixture.bytes("store.sealed")
        for count in stride(from: 0, to: good.count - 1, by: 9) {
            try fixture.put(good.prefix(count), "store.sealed")
            let status = await fixture.store().probe()
            #expect(status.state == .failed)
            #expect(status.hint?.contains("'mv \(fixture.directory) \(fixture.directory).damaged'") == true)
            #expect(status.detail?.contains(fixture.directory + "/store.sealed") == true)
        }
        let text = String(decoding: good, as: UTF8.self)
        let bad = [
            text.replacingOccurrences(of: "\"n\":16384", with: "\"n\":1073741824"),
            text.replacingOccurrences(of: "\"n\":16384", with: "\"n\":2"),
            text.replacingOccurrences(of: "\"n\":16384", with: "\"n\":16385"),
            text.replacingOccurrences(of: "\"n\":16384", with: "\"n\":\(Int.min)"),
            text.replacingOccurrences(of: "\"r\":8", with: "\"r\":-8"),
            text.replacingOccurrences(of: "\"p\":1", with: "\"p\":100000"),
            text.replacingOccurrences(of: "\"version\":2", with: "\"version\":3"),
            text.replacingOccurrences(of: "passphrase", with: "credential"),
            text.replacingOccurrences(of: "passphrase", with: "magic"),
        ]
        for text in bad {
            #expect(text != String(decoding: good, as: UTF8.self))
            try fixture.put(Data(text.utf8), "store.sealed")
            #expect(await fixture.store().probe().state == .failed, "\(text)")
        }
        // A generation other than the sealed one.
        try fixture.put(
            Data(text.replacingOccurrences(of: "\"generation\":1", with: "\"generation\":2").utf8), "store.sealed")
        let refused = await failure { () throws(KeyedStoreFailure) in
            try await fixture.store().unlock(with: passphrase)
        }
        guard case .store? = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        // Downgraded to the version without marks.
        try fixture.put(
            Data(text.replacingOccurrences(of: "\"version\":2", with: "\"version\":1").utf8), "store.sealed")
        let older = await failure { () throws(KeyedStoreFailure) in
            try await fixture.store().unlock(with: passphrase)
        }
        guard case .store? = older else {
            Issue.record("\(String(describing: older))")
            return
        }
        // The agent that had it open does not continue with it.
        await #expect(throws: StoreFailure.self) { try await first.save(try Fixture.record("work", "r1")) }
    }
}
