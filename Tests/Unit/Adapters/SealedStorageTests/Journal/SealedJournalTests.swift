import AgentAPI
import Foundation
import SealedStorage
import SecretMemory
import TestSupport
import Testing
import Vault

struct SealedJournalTests {
    let files: TemporaryDirectory
    let work: AccountName

    init() throws {
        files = try TemporaryDirectory()
        work = try #require(AccountName("work"))
    }

    private var path: String { files.path + "/journal" }

    /// Opens the journal as a new process does.
    private func journal() throws -> SealedJournal { try SealedJournal(path: path) }

    private func credential(
        _ generation: UInt64, refresh: String? = nil, account: AccountName? = nil, key: UInt8 = 7
    ) -> Credential {
        Credential(
            account: account ?? work, generation: generation, issuer: "https://issuer.example", clientID: "tv",
            clientSecret: nil, refreshToken: SecretBytes(refresh ?? "r\(generation)"), scope: ["openid"],
            grantedAt: 1_700_000_000, journalKey: SecretBytes([UInt8](repeating: key, count: SealingKey.size))
        )
    }

    private var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }

    /// The names without the file that waits for the next entry.
    private var finished: [String] {
        get throws { try names.filter { !$0.hasPrefix(".new-") } }
    }

    @Test("an intent is recognized after a restart, for the token it was written for")
    func intent() async throws {
        try await journal().begin(credential(1))
        let after = try journal()
        #expect(try await after.finding(after: credential(1)) == JournalFinding(isBegun: true))
        #expect(try await after.finding(after: credential(1, refresh: "another")) == JournalFinding())
        #expect(try await after.finding(after: credential(2)) == JournalFinding())
    }

    @Test("a rotated credential is found whole after a restart, and its intent is removed")
    func rotated() async throws {
        let before = try journal()
        try await before.begin(credential(1))
        try await before.complete(credential(2))
        #expect(try await journal().finding(after: credential(1)) == JournalFinding(newer: credential(2)))
        #expect(try await journal().finding(after: credential(2)) == JournalFinding())
    }

    @Test("after two rotations without a store, the newest counts, and so does the intent after it")
    func twice() async throws {
        let before = try journal()
        for generation: UInt64 in 1...2 {
            try await before.begin(credential(generation))
            try await before.complete(credential(generation + 1))
        }
        try await before.begin(credential(3))
        #expect(
            try await journal().finding(after: credential(1)) == JournalFinding(newer: credential(3), isBegun: true))
    }

    @Test("entries that the store has are removed, later ones are not")
    func clear() async throws {
        let journal = try journal()
        for generation: UInt64 in 1...2 {
            try await journal.begin(credential(generation))
            try await journal.complete(credential(generation + 1))
        }
        try await journal.begin(credential(3))
        await journal.clear(work, upTo: 2)
        await eventually("an older entry is left") {
            (try? finished) == ["work~3.intent", "work~3.rotated"]
        }
        await journal.clear(work, upTo: 3)
        #expect(try await journal.finding(after: credential(3)) == JournalFinding(isBegun: true))
    }

    @Test("a refresh without a rotation, and a logout, leave no file behind")
    func leavesNothing() async throws {
        let journal = try journal()
        try await journal.begin(credential(1))
        await journal.abandon(credential(1))
        #expect(try names.isEmpty)
        try await journal.begin(credential(1))
        try await journal.complete(credential(2))
        try await journal.begin(credential(2))
        await journal.forget(work)
        #expect(try names.isEmpty)
    }

    @Test("accounts with a common name prefix do not change each other's entries")
    func accounts() async throws {
        let other = try #require(AccountName("work.2"))
        let journal = try journal()
        try await journal.complete(credential(2))
        try await journal.complete(credential(2, account: other))
        await journal.forget(work)
        #expect(try names == ["work.2~2.rotated"])
        #expect(try await self.journal().finding(after: credential(1, account: other)).newer?.account == other)
    }

    @Test("an entry of another key, account or generation is ignored, and marks the token as spent")
    func foreign() async throws {
        let journal = try journal()
        try await journal.complete(credential(2, key: 8))
        #expect(try await journal.finding(after: credential(1)) == JournalFinding(isBegun: true))
        await journal.forget(work)

        try await journal.complete(credential(2))
        try FileManager.default.moveItem(atPath: path + "/work~2.rotated", toPath: path + "/work~5.rotated")
        #expect(try await self.journal().finding(after: credential(1)) == JournalFinding(isBegun: true))
        try FileManager.default.moveItem(atPath: path + "/work~5.rotated", toPath: path + "/home~2.rotated")
        let home = try #require(AccountName("home"))
        #expect(
            try await self.journal().finding(after: credential(1, account: home)) == JournalFinding(isBegun: true))
    }

    @Test(
        "with a damaged entry, its predecessor is used, and the token counts as spent",
        arguments: [0, 9, 20, 40, 200])
    func damaged(offset: Int) async throws {
        let (older, file) = (path + "/work~2.rotated", path + "/work~3.rotated")
        try await journal().complete(credential(2))
        let kept = try Data(contentsOf: URL(fileURLWithPath: older))
        try await journal().complete(credential(3))
        // The journal removes it in the background; a power failure may come before that.
        await eventually { !FileManager.default.fileExists(atPath: older) }
        try kept.write(to: URL(fileURLWithPath: older))
        #expect(chmod(older, 0o600) == 0)
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
        bytes[min(offset, bytes.count - 1)] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        #expect(chmod(file, 0o600) == 0)
        #expect(
            try await journal().finding(after: credential(1)) == JournalFinding(newer: credential(2), isBegun: true))
    }

    @Test("the files contain no secret, and other users cannot read them")
    func secrecy() async throws {
        let journal = try journal()
        func check(_ name: String) throws {
            let file = path + "/" + name
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)).range(of: Data("canary".utf8)) == nil)
            var status = stat()
            #expect(stat(file, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
        }
        try await journal.begin(credential(1, refresh: "canary-1"))
        #expect(try finished == ["work~1.intent"])
        try check("work~1.intent")
        try await journal.complete(credential(2, refresh: "canary-2"))
        // It removes the intent in the background.
        await eventually { (try? finished) == ["work~2.rotated"] }
        try check("work~2.rotated")
    }

    @Test("foreign files are left alone")
    func others() async throws {
        _ = try journal()
        for name in ["README", "work~x.rotated", "work~01.intent", "work~1.rotated.bak", "~1.intent"] {
            try files.file("journal/" + name, "x")
        }
        let journal = try journal()
        await journal.forget(work)
        #expect(try names.count == 5)
        #expect(try await journal.finding(after: credential(1)) == JournalFinding())
    }

    @Test("a journal that cannot be written refuses the intent, so that no token is spent")
    func unwritable() async throws {
        let journal = try journal()
        try FileManager.default.removeItem(atPath: path)
        await #expect(throws: StoreFailure.self) { try await journal.begin(credential(1)) }
    }

    @Test("however many rotations the store misses, an account has two files")
    func bounded() async throws {
        let journal = try journal()
        for generation: UInt64 in 1...20 {
            try await journal.begin(credential(generation))
            try await journal.complete(credential(generation + 1))
        }
        await eventually("older entries are not removed: \((try? names) ?? [])") {
            (try? names) == ["work~21.rotated"]
        }
        #expect(try await self.journal().finding(after: credential(1)).newer == credential(21))
    }

    @Test("the end of a login outlives the agent, until the account is removed or has a newer login")
    func ended() async throws {
        try await journal().end(credential(3))
        #expect(try await journal().finding(after: credential(2)).isEnded)
        #expect(try await journal().finding(after: credential(3)).isEnded)
        #expect(try await !journal().finding(after: credential(4)).isEnded)
        #expect(try await !journal().finding(after: credential(2, key: 8)).isEnded)
        await (try journal()).forget(work)
        #expect(try names.isEmpty)
    }
}
