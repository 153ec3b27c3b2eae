public import AgentAPI
internal import Glibc
public import SealedFiles

/// The content of a journal's directory, as far as it is visible without the key.
public struct JournalSurvey: Equatable, Sendable {
    /// The journal's entries for one account.
    public struct Account: Equatable, Sendable {
        public var account: AccountName
        /// Whether there is a new refresh token that the store may lack; otherwise a refresh was begun and its outcome
        /// is unknown.
        public var hasRotated: Bool
        /// Time of the oldest entry, in seconds since 1970.
        public var since: Int
        /// Paths, sorted.
        public var files: [String]

        public init(account: AccountName, hasRotated: Bool, since: Int, files: [String]) {
            self.account = account
            self.hasRotated = hasRotated
            self.since = since
            self.files = files
        }
    }

    /// Accounts, sorted by name.
    public var accounts: [Account] = []
    /// Entries that the agent would refuse to read.
    public var failures: [FileFailure] = []
    /// Paths of files that are not journal entries.
    public var foreign: [String] = []

    public init() {}
}

extension SealedJournal {
    /// Reads a journal that an agent may be using, without changing it; `nil` if there is none.
    public static func survey(_ path: String) throws(FileFailure) -> JournalSurvey? {
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
                survey.failures.append(error)
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
