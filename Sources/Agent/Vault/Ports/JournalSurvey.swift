public import AgentAPI
public import System

/// What is in the directory of a rotation journal, as it is seen without the key.
public struct JournalSurvey: Equatable, Sendable {
    /// What the journal holds of one account.
    public struct Account: Equatable, Sendable {
        public var account: AccountName
        /// Whether there is a new refresh token that the store may not have; else a refresh was begun, and its reply is
        /// not known.
        public var hasRotated: Bool
        /// Seconds since 1970 of the oldest entry.
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

    /// By name.
    public var accounts: [Account] = []
    /// Entries that the agent would refuse to read.
    public var failures: [Fault] = []
    /// Paths of files that are not entries of a journal.
    public var foreign: [String] = []

    public init() {}
}
