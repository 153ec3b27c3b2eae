public import AgentAPI

/// Puts account files together for another machine. Works without an agent.
public enum AccountExport {
    /// Exports these accounts, or all if none is named.
    public static func run(_ names: [AccountName], _ paths: UserPaths) -> ExportedAccounts {
        let directory = AccountDirectory(paths)
        let known = Set(directory.names)
        if let unknown = names.first(where: { !known.contains($0) }) {
            return ExportedAccounts(
                error: .init(
                    detail: "there is no account '\(unknown)'", hint: "run 'authagent status' to see the accounts"))
        }
        do throws(ConfigurationError) { return try export(names, directory) } catch {
            return ExportedAccounts(error: .init(detail: error.description, hint: error.hint))
        }
    }

    private static func export(
        _ named: [AccountName], _ directory: AccountDirectory
    ) throws(ConfigurationError) -> ExportedAccounts {
        let names = named.isEmpty ? directory.names : Set(named).sorted()
        var files: [(name: AccountName, text: String)] = []
        var needs: [NeededFile] = []
        var size = 0
        for name in names {
            guard let (text, path) = try directory.text(of: name) else {
                throw ConfigurationError(
                    file: directory.userPath(name), problem: "there is no account '\(name)'",
                    hint: "run 'authagent status' to see the accounts")
            }
            let settings = try AccountFile.parse(text, path: path)
            try refuseSecretInComment(text, path)
            files.append((name, text))
            needs += settings.namedFiles.map { NeededFile(account: name, key: $0.key, path: $0.path) }
            size += text.utf8.count
            guard size <= AccountDocument.longest else {
                throw ConfigurationError(
                    file: directory.user, problem: "the account files have more than \(AccountDocument.longest) bytes",
                    hint: "name some of the accounts, and export the others into another file")
            }
        }
        guard !files.isEmpty else {
            throw ConfigurationError(
                file: directory.user, problem: "there are no accounts", hint: "run 'authagent login NAME' to add one")
        }
        return ExportedAccounts(accounts: files.map(\.name), text: AccountDocument.text(of: files), needs: needs)
    }

    /// Refuses a comment that assigns what the file itself must not have: a secret that was only commented out.
    private static func refuseSecretInComment(_ text: String, _ path: String) throws(ConfigurationError) {
        for (index, line) in TOMLLines.split(text).enumerated() {
            guard let start = line.firstIndex(of: "#") else { continue }
            let comment = line[start...].filter { $0 != " " && $0 != "\t" }
            guard
                let key = TOMLFile.secretKeys.first(where: { key in
                    ["=\"", "='"].contains { comment.contains(key + $0) }
                })
            else { continue }
            throw ConfigurationError(
                file: path, line: index + 1, problem: "a comment has a value for '\(key)'",
                hint: "remove the comment: an exported file must not hold a secret")
        }
    }
}
