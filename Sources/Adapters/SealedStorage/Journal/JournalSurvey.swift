internal import AgentAPI
internal import Glibc
public import System
public import Vault

extension SealedJournal {
    /// Looks at a journal that an agent may be using, and changes nothing. `nil` if there is none.
    public static func survey(_ path: String) throws(Fault) -> JournalSurvey? {
        do throws(FileFailure) { return try contents(of: path) } catch { throw error.fault }
    }

    private static func contents(of path: String) throws(FileFailure) -> JournalSurvey? {
        var status = stat()
        guard lstat(path, &status) == 0 || errno != ENOENT else { return nil }
        let directory = try DurableDirectory(reading: path)
        var survey = JournalSurvey()
        var accounts: [AccountName: JournalSurvey.Account] = [:]
        for name in try directory.names().sorted() {
            let file = path + "/" + name
            guard let entry = JournalEntry(fileName: name) else {
                survey.foreign.append(file)
                continue
            }
            do throws(FileFailure) {
                // An entry may be removed at any moment.
                guard try directory.read(name, limit: largestEntry) != nil else { continue }
            } catch {
                survey.failures.append(error.fault)
                continue
            }
            guard lstat(file, &status) == 0 else { continue }
            let changed = Int(status.st_mtim.tv_sec)
            var account =
                accounts[entry.account]
                ?? JournalSurvey.Account(account: entry.account, hasRotated: false, since: changed, files: [])
            account.hasRotated = account.hasRotated || entry.kind == .rotated
            account.since = min(account.since, changed)
            account.files.append(file)
            accounts[entry.account] = account
        }
        survey.accounts = accounts.values.sorted { $0.account < $1.account }
        return survey
    }
}
