internal import AgentAPI
internal import Glibc
internal import System

/// The files of accounts, what they name, and whether their URLs contradict each other.
extension ConfigurationCheck {
    /// The account files of both levels that an agent would use.
    private struct Found {
        var settings: [AccountName: AccountSettings] = [:]
        var refused: Set<AccountName> = []
        var names: Set<AccountName> { refused.union(settings.keys) }
    }

    mutating func examineAccounts(of daemon: DaemonSettings) {
        let directory = AccountDirectory(paths)
        var found = Found()
        let users = accountFiles(in: directory.user)
        let replaced = Set(users.map(\.name))
        for (name, path) in accountFiles(in: directory.system) {
            read(path, of: name, isReplaced: replaced.contains(name), &found)
        }
        for (name, path) in users { read(path, of: name, isReplaced: false, &found) }
        examineChains(of: directory, &found)
        let urls = directory.urls(of: found.settings, refused: found.refused)
        for conflict in urls.conflicts.values.sorted(by: { $0.account < $1.account }) where conflict.other != nil {
            problems.add(placed(conflict.error, at: "urls"))
        }
        for sink in daemon.sinks.inForce where !found.names.contains(sink.account) {
            problems.warn(
                ConfigurationError(
                    at: sink.source, problem: "account: there is no account '\(sink.account)'",
                    hint: "correct the name, or run 'authagent login \(sink.account)'"))
        }
    }

    /// Refuses accounts whose tokens would be made from those of an unknown account, or from their own.
    private mutating func examineChains(of directory: AccountDirectory, _ found: inout Found) {
        let known = found.settings
        let chains = AccountChains(settings: { known[$0] }, path: directory.path(of:))
        for (name, settings) in known.sorted(by: { $0.key < $1.key }) where !settings.sources.isEmpty {
            do throws(ConfigurationError) { try chains.check(name, settings) } catch {
                problems.add(placed(error, at: error.key))
                found.settings[name] = nil
                found.refused.insert(name)
            }
        }
    }

    /// Returns the account files in a directory, in byte order of names.
    private mutating func accountFiles(in directory: String) -> [(name: AccountName, path: String)] {
        let names = problems.attempt { () throws(ConfigurationError) -> [String] in
            try ProtectedFile.requirePrivate(directory)
            return try DirectoryNames.of(directory) ?? []
        }
        var files: [(name: AccountName, path: String)] = []
        for file in names ?? [] where !DirectoryNames.isLeftover(file) {
            let path = "\(directory)/\(file)"
            guard file.hasSuffix(".toml") else {
                problems.warn(
                    ConfigurationError(
                        file: path, problem: "the file is ignored: it is not an account file",
                        hint: "give it a name that ends in .toml, or move it elsewhere"))
                continue
            }
            guard let name = AccountName(file.dropLast(5)) else {
                problems.add(
                    ConfigurationError(
                        file: path, problem: "the file is ignored: its name is not that of an account",
                        hint: "rename it; a name has \(AccountName.rule)"))
                continue
            }
            files.append((name, path))
        }
        guard files.count > AccountDirectory.most else { return files }
        problems.add(
            ConfigurationError(
                file: directory, problem: "there are more than \(AccountDirectory.most) account files",
                hint: "remove those of accounts that are not used"))
        return Array(files.prefix(AccountDirectory.most))
    }

    /// Examines an account file. One that a user's file replaces is not used, so its errors are warnings.
    private mutating func read(_ path: String, of name: AccountName, isReplaced: Bool, _ found: inout Found) {
        var own = ConfigurationProblems()
        defer { problems.add(own, asWarnings: isReplaced) }
        problems.examine(path)
        do throws(ConfigurationError) {
            guard let text = try ProtectedFile.text(path) else {
                if let error = DirectoryNames.danglingLink(path) { own.add(error) }
                return
            }
            let settings = try AccountFile.parse(text, path: path, &own)
            if !isReplaced { found.settings[name] = settings }
            Self.examine(settings, at: path, TOMLLines(text), &own)
        } catch {
            own.add(error)
            if !isReplaced { found.refused.insert(name) }
        }
    }

    /// Examines the files that an account names. Each error is at the key that names the file.
    private static func examine(
        _ settings: AccountSettings, at path: String, _ lines: TOMLLines, _ problems: inout ConfigurationProblems
    ) {
        for file in settings.namedFiles {
            do throws(ConfigurationError) { try file.check() } catch {
                let placed = ConfigurationError(
                    file: path, line: lines.number(of: file.key), problem: "\(file.key): \(error.description)",
                    hint: error.hint)
                if file.mayComeLater, access(file.path, F_OK) != 0 {
                    problems.warn(placed)
                } else {
                    problems.add(placed)
                }
            }
        }
    }

    /// Returns the error with the line of the key.
    private func placed(_ error: ConfigurationError, at key: String?) -> ConfigurationError {
        guard let key, error.line == nil, let text = try? ProtectedFile.text(error.file) else { return error }
        var error = error
        error.line = TOMLLines(text).number(of: key)
        return error
    }
}
