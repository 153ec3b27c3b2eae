/// The accounts whose files have the longest prefix of a URL.
public struct URLMatch: Equatable, Sendable {
    /// Normalised.
    public var prefix: String
    /// Sorted by name. Several have different `git_username`s.
    public var accounts: [MappedAccount]
    /// Why none of them is found by the URL, for the owner; `nil` if they are.
    public var conflict: Conflict?

    public struct Conflict: Equatable, Sendable {
        public var detail: String
        public var hint: String
        /// The problem's `reason`; `nil` if the owner has left the prefix out.
        public var reason: String?

        public init(detail: String, hint: String, reason: String? = nil) {
            self.detail = detail
            self.hint = hint
            self.reason = reason
        }
    }

    public init(prefix: String, accounts: [MappedAccount], conflict: Conflict? = nil) {
        self.prefix = prefix
        self.accounts = accounts
        self.conflict = conflict
    }
}

/// An account as its file describes it to programs that know a URL.
public struct MappedAccount: Equatable, Sendable {
    public var account: AccountName
    public var gitUsername: String?
    public var registryUsername: String?
    /// The path of the account's file.
    public var file: String

    public init(account: AccountName, gitUsername: String? = nil, registryUsername: String? = nil, file: String) {
        self.account = account
        self.gitUsername = gitUsername
        self.registryUsername = registryUsername
        self.file = file
    }
}

extension URLMatch {
    /// Which of the accounts a request is for.
    public enum Choice: Equatable, Sendable {
        case account(MappedAccount)
        /// The request has to name one of these.
        case ambiguous([MappedAccount])
        /// There is one, and the caller may not learn of it.
        case hidden(MappedAccount)
        /// The accounts are in conflict, or several have other user names.
        case unmapped
    }

    /// Chooses by the request's user name, which does not matter if only one account has the prefix.
    public func choice(username: String?, where isVisible: (AccountName) -> Bool) -> Choice {
        guard conflict == nil else { return .unmapped }
        let named = accounts.filter { account in
            // Hidden accounts count: what a caller may use must not depend on what it may not see.
            guard accounts.count > 1, let username else { return true }
            // Compares bytes: texts that are equal in Unicode may be different users.
            return [account.gitUsername, account.registryUsername].contains { known in
                known.map { username.utf8.elementsEqual($0.utf8) } ?? false
            }
        }
        let visible = named.filter { isVisible($0.account) }
        switch (visible.count, named.first) {
        case (1, _): return .account(visible[0])
        case (0, let hidden?): return .hidden(hidden)
        case (0, nil): return .unmapped
        default: return .ambiguous(visible)
        }
    }
}
