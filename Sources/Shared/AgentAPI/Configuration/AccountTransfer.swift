/// The files of accounts as one text, which another machine imports.
public struct ExportedAccounts: Codable, Equatable, Sendable {
    public var accounts: [AccountName]
    /// A TOML document. It holds no secret.
    public var text: String
    /// What does not come along.
    public var needs: [NeededFile]
    /// Why the text is missing; otherwise absent.
    public var error: PolicyTestReport.Fault?

    public init(
        accounts: [AccountName] = [], text: String = "", needs: [NeededFile] = [],
        error: PolicyTestReport.Fault? = nil
    ) {
        (self.accounts, self.text, self.needs, self.error) = (accounts, text, needs, error)
    }
}

/// What an import has written.
public struct ImportedAccounts: Codable, Equatable, Sendable {
    /// The accounts that are new here.
    public var imported: [AccountName]
    public var replaced: [AccountName]
    /// The accounts that have been here with the same file.
    public var unchanged: [AccountName]
    /// The files that are missing here.
    public var needs: [NeededFile]
    /// What is wrong in the document; nothing is written then.
    public var problems: [ConfigurationReport.Problem]
    /// Why it was not imported; otherwise absent.
    public var error: PolicyTestReport.Fault?

    public init(problems: [ConfigurationReport.Problem] = [], error: PolicyTestReport.Fault? = nil) {
        (imported, replaced, unchanged, needs) = ([], [], [], [])
        (self.problems, self.error) = (problems, error)
    }
}

/// A file that an account's file names: with a secret, a key or a certificate.
public struct NeededFile: Codable, Equatable, Sendable {
    public var account: AccountName
    /// The account's key that names it.
    public var key: String
    public var path: String

    public init(account: AccountName, key: String, path: String) {
        (self.account, self.key, self.path) = (account, key, path)
    }
}
