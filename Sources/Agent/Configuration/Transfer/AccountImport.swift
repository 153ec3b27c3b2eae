public import AgentAPI
internal import Glibc
internal import System

/// Adds the account files of a document to the user's. All of it is examined before anything is written, and no file is
/// replaced unless that is requested. Works without an agent.
public struct AccountImport {
    private let directory: AccountDirectory
    private let replaces: Bool
    private var problems = ConfigurationProblems()
    private var report = ImportedAccounts()

    /// In bytes: more than an export has, whose quotes and escapes take room too.
    public static let longest = 16 * 1024 * 1024

    private init(_ directory: AccountDirectory, replaces: Bool) {
        (self.directory, self.replaces) = (directory, replaces)
    }

    /// `source`: the name of the document, for messages. `replaces`: whether accounts that exist may be replaced.
    public static func run(
        _ document: [UInt8], from source: String, replaces: Bool, _ paths: UserPaths
    ) -> ImportedAccounts {
        var run = AccountImport(AccountDirectory(paths), replaces: replaces)
        do throws(ConfigurationError) { try run.add(document, source) } catch {
            run.report.error = .init(detail: error.description, hint: error.hint)
            run.report.unchanged = []
        }
        run.report.problems = run.problems.entries.map { ConfigurationReport.Problem($0.error, .error) }
        return run.report
    }

    private mutating func add(_ document: [UInt8], _ source: String) throws(ConfigurationError) {
        let accounts = try read(document, source)
        let lock = try directory.lockForImport()
        let changed = try compare(accounts)
        try refuseContradictions(of: changed)
        // Everything that can fail for lack of space or rights comes before the first file is replaced.
        var prepared: [(name: AccountName, file: PreparedAccountFile)] = []
        for account in changed {
            prepared.append((account.name, try directory.prepare(account.text, for: account.name)))
        }
        for (name, file) in prepared {
            let isNew = !directory.hasUserFile(name)
            try file.commit()
            if isNew { report.imported.append(name) } else { report.replaced.append(name) }
        }
        for account in accounts {
            report.needs += account.settings.namedFiles.filter { access($0.path, F_OK) != 0 }
                .map { NeededFile(account: account.name, key: $0.key, path: $0.path) }
        }
        _ = consume lock
    }

    private struct Account {
        let name: AccountName
        let text: String
        let settings: AccountSettings
    }

    /// Parses the document and each account in it.
    private mutating func read(_ document: [UInt8], _ source: String) throws(ConfigurationError) -> [Account] {
        guard document.count <= Self.longest else {
            throw ConfigurationError(
                file: source, problem: "the document is larger than any that 'authagent export' writes",
                hint: "is it the right file?")
        }
        let text = try ProtectedFile.text(document, of: source)
        let entries: [AccountDocument.Entry]
        do throws(ConfigurationError) { entries = try AccountDocument.parse(text, path: source, &problems) } catch {
            problems.add(error)
            throw refused(source)
        }
        var accounts: [Account] = []
        for entry in entries {
            var own = ConfigurationProblems()
            do throws(ConfigurationError) {
                guard entry.text.utf8.count <= ProtectedFile.longest else {
                    throw ConfigurationError(
                        file: source, problem: "the file is larger than \(ProtectedFile.longest) bytes",
                        hint: "is it the right file?")
                }
                let settings = try AccountFile.parse(entry.text, path: source, &own)
                accounts.append(Account(name: entry.name, text: entry.text, settings: settings))
            } catch { own.add(error) }
            for problem in own.entries { problems.add(Self.placed(problem.error, entry)) }
        }
        guard problems.first == nil else { throw refused(source) }
        guard !accounts.isEmpty else {
            throw ConfigurationError(
                file: source, problem: "the document has no accounts", hint: "run 'authagent export' to write one")
        }
        return accounts
    }

    /// Moves an error of an account's file to its line in the document.
    private static func placed(_ error: ConfigurationError, _ entry: AccountDocument.Entry) -> ConfigurationError {
        var error = error
        error.line = entry.header.map { $0 + (error.line ?? 0) }
        error.problem = "account '\(entry.name)': \(error.problem)"
        return error
    }

    private func refused(_ source: String) -> ConfigurationError {
        ConfigurationError(
            file: source, problem: "the document is refused, and nothing was written",
            hint: "correct what is named above, or export it again")
    }

    /// Returns the accounts whose files differ from those that are here.
    private mutating func compare(_ accounts: [Account]) throws(ConfigurationError) -> [Account] {
        var (changed, existing): ([Account], [AccountName]) = ([], [])
        for account in accounts {
            // A file that is refused differs as well.
            let present: String?
            do throws(ConfigurationError) { present = try directory.text(of: account.name)?.text } catch {
                present = ""
            }
            if let present {
                guard present != account.text else {
                    report.unchanged.append(account.name)
                    continue
                }
                existing.append(account.name)
            }
            changed.append(account)
        }
        guard replaces || existing.isEmpty else {
            let names = existing.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
            let more = existing.count > 5 ? " and \(existing.count - 5) more" : ""
            let verb = existing.count == 1 ? "exists" : "exist"
            throw ConfigurationError(
                file: directory.user,
                problem: "\(names)\(more) \(verb) with other settings, so nothing was written",
                hint: "give --replace to replace the files of accounts that exist")
        }
        return changed
    }

    /// Refuses what a reload would refuse: two accounts with the same URL, of which at least one is imported, and one
    /// whose tokens would be made from those of an account that is not there.
    private func refuseContradictions(of changed: [Account]) throws(ConfigurationError) {
        var (settings, errors) = directory.loadAll()
        for account in changed {
            settings[account.name] = account.settings
            errors[account.name] = nil
        }
        let known = settings
        let chains = AccountChains(settings: { known[$0] }, path: directory.userPath)
        for account in changed { try chains.check(account.name, account.settings) }
        let conflicts = directory.urls(of: settings, refused: errors.keys).conflicts
        let first =
            changed.lazy.compactMap { conflicts[$0.name] }.first
            ?? conflicts.values.sorted { $0.account < $1.account }.first { conflict in
                changed.contains { $0.name == conflict.other }
            }
        guard let first else { return }
        throw ConfigurationError(file: first.error.file, problem: first.error.problem, hint: first.error.hint)
    }
}
