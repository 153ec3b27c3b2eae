import AgentAPI
import Doctor
import System
import Testing
import Vault

struct JournalCheckTests {
    private static let now = 1_800_000_000
    private let work: AccountName

    init() throws { work = try #require(AccountName("work")) }

    private func checks(
        _ change: (inout JournalSurvey) -> Void, isAgent: Bool, accounts: Set<AccountName>? = nil
    ) -> [DoctorCheck] {
        var survey = JournalSurvey()
        change(&survey)
        return DoctorCheck.journal(survey, accounts: accounts ?? [work], at: Self.now, isAgent: isAgent)
    }

    private func entry(_ age: Int, hasRotated: Bool = true) -> JournalSurvey.Account {
        JournalSurvey.Account(
            account: work, hasRotated: hasRotated, since: Self.now - age, files: ["/j/work~2.rotated"])
    }

    @Test("a missing or empty journal is ok")
    func nothing() {
        #expect(DoctorCheck.journal(nil, accounts: [], at: Self.now, isAgent: false).map(\.state) == [.ok])
        #expect(checks({ _ in }, isAgent: true).map(\.state) == [.ok])
    }

    @Test("a running agent's recent entries are ok; old ones wait for the store")
    func runningAgent() {
        #expect(checks({ $0.accounts = [entry(5)] }, isAgent: true).map(\.state) == [.ok])
        let waiting = checks({ $0.accounts = [entry(600)] }, isAgent: true)
        #expect(waiting.map(\.state) == [.warning])
        #expect(waiting.first?.account == work)
        #expect(waiting.first?.detail == "a new refresh token waits for its store (for 10 min)")
        #expect(waiting.first?.hint?.contains("authagent status work") == true)
    }

    @Test("without an agent every entry waits for the next one")
    func noAgent() {
        let waiting = checks({ $0.accounts = [entry(0, hasRotated: false)] }, isAgent: false)
        #expect(waiting.map(\.id) == [.journalWaiting])
        #expect(waiting.first?.detail.hasPrefix("a refresh was started, and its result is unknown") == true)
        #expect(waiting.first?.hint?.contains("authagent token work") == true)
    }

    @Test("an implausible file time does not cause an overflow")
    func strangeTimes() {
        for since in [Int.min, -1, .max] {
            let entry = JournalSurvey.Account(
                account: work, hasRotated: true, since: since, files: ["/j/work~2.rotated"])
            #expect(checks({ $0.accounts = [entry] }, isAgent: false).map(\.id) == [.journalWaiting])
        }
    }

    @Test("an entry without an account names the file; foreign files and readable ones differ")
    func others() {
        let orphan = checks({ $0.accounts = [entry(5)] }, isAgent: true, accounts: [])
        #expect(orphan.map(\.id) == [.journalOrphaned])
        #expect(orphan.first?.hint?.contains("rm /j/work~2.rotated") == true)
        let files = checks(
            {
                $0.failures = [
                    Fault("/j/work~1.intent can be read by others", hint: "run 'chmod 600 /j/work~1.intent'")
                ]
                $0.foreign = ["/j/notes\u{1B}[31m.txt"]
            }, isAgent: false)
        #expect(files.map(\.id) == [.journalFiles, .journalFiles])
        #expect(files.map(\.state) == [.problem, .warning])
        #expect(files.first?.hint == "run 'chmod 600 /j/work~1.intent'")
        #expect(files.last?.detail.hasSuffix("/j/notes.txt") == true)
    }
}
