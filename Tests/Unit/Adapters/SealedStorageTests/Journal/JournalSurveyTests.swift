import AgentAPI
import Foundation
import OAuth
import SealedStorage
import SecretMemory
import System
import TestSupport
import Testing
import Vault

struct JournalSurveyTests {
    let files: TemporaryDirectory
    let work: AccountName

    init() throws {
        files = try TemporaryDirectory()
        work = try #require(AccountName("work"))
    }

    private var path: String { files.path + "/journal" }

    private func credential(_ generation: UInt64) -> Credential {
        Credential(
            account: work, generation: generation, issuer: "https://issuer.example", clientID: "tv", clientSecret: nil,
            refreshToken: SecretBytes("r\(generation)"), scope: [], grantedAt: 1_700_000_000,
            journalKey: SecretBytes([UInt8](repeating: 7, count: SealingKey.size))
        )
    }

    @Test("a survey without a key sees pending entries, and leaves a running refresh's reservation alone")
    func survey() async throws {
        #expect(try SealedJournal.survey(path) == nil)
        let journal = try SealedJournal(path: path)
        #expect(try SealedJournal.survey(path) == JournalSurvey())
        try await journal.begin(credential(1))
        let before = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        var found = try #require(try SealedJournal.survey(path)).accounts
        #expect(found.map(\.account) == [work])
        #expect(found.map(\.hasRotated) == [false])
        #expect(abs(try #require(found.first).since - time(nil)) < 60)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path).sorted() == before)
        try await journal.complete(credential(2))
        found = try #require(try SealedJournal.survey(path)).accounts
        #expect(found.map(\.hasRotated) == [true])
        // The older entry is removed in its own time.
        #expect(found.first?.files.last == "\(path)/work~2.rotated")
    }

    @Test("foreign files and loose ones are listed apart; a loose directory is refused")
    func foreign() async throws {
        let journal = try SealedJournal(path: path)
        try await journal.begin(credential(1))
        try files.file("journal/notes.txt", "")
        #expect(chmod(path + "/work~1.intent", 0o644) == 0)
        let survey = try #require(try SealedJournal.survey(path))
        #expect(survey.foreign == ["\(path)/notes.txt"])
        #expect(survey.failures.map(\.hint) == ["run 'chmod 600 \(path)/work~1.intent'"])
        #expect(survey.accounts.isEmpty)
        #expect(chmod(path, 0o755) == 0)
        #expect(throws: Fault.self) { try SealedJournal.survey(path) }
    }
}
