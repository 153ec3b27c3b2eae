internal import AgentAPI
internal import ArgumentParser
internal import Audit
internal import Configuration
internal import Glibc
internal import System

/// The questions about configuration files, which are answered without an agent.
struct ConfigurationQuery: ParsableArguments {
    @Flag(help: "Check every file that an agent would read, print one JSON object, and exit. Changes nothing.")
    var configCheck = false

    @Flag(help: "Print the files of the accounts, all or those of --account, as one JSON object, and exit.")
    var exportAccounts = false

    @Option(help: ArgumentHelp("An account to export; may be repeated.", valueName: "name"))
    var account: [String] = []

    @Flag(help: "Add the accounts of the document at standard input, print one JSON object, and exit.")
    var importAccounts = false

    @Option(help: ArgumentHelp("What messages call the document to import.", valueName: "name"))
    var source = "standard input"

    @Flag(help: "Let an import replace the files of accounts that exist.")
    var replace = false

    /// Whether there is a question.
    var isAsked: Bool { configCheck || exportAccounts || importAccounts }

    /// Prints the answer to the question; returns false if there is none.
    func answer(_ environment: [String: String]) -> Bool {
        let paths = UserPaths(environment: environment)
        let homeless = StartFailure.homeMissing.fault
        let fault = PolicyTestReport.Fault(detail: homeless.problem, hint: homeless.hint)
        if configCheck {
            AuthagentDaemon.put(paths.map(Self.check) ?? ConfigurationReport(error: fault))
        } else if exportAccounts {
            AuthagentDaemon.put(paths.map(exported) ?? ExportedAccounts(error: fault))
        } else if importAccounts {
            AuthagentDaemon.put(paths.map { imported($0, environment) } ?? ImportedAccounts(error: fault))
        } else {
            return false
        }
        return true
    }

    private static func check(_ paths: UserPaths) -> ConfigurationReport {
        ConfigurationCheck.report(
            paths,
            ConfigurationCheck.Parts { path in
                AuditTrail.obstacle(path).map {
                    ConfigurationError(file: $0.path, problem: "audit_file: \($0.problem)", hint: $0.hint)
                }
            })
    }

    private func exported(_ paths: UserPaths) -> ExportedAccounts {
        var names: [AccountName] = []
        for text in account {
            guard let name = AccountName(text) else {
                return ExportedAccounts(
                    error: .init(detail: "'\(text)' is not an account name", hint: "a name has \(AccountName.rule)"))
            }
            names.append(name)
        }
        return AccountExport.run(names, paths)
    }

    private func imported(_ paths: UserPaths, _ environment: [String: String]) -> ImportedAccounts {
        // With another user's environment, no file or directory may be created.
        do throws(LocalSocketError) {
            try OwnedPaths.require(OwnedPaths.of(environment, socket: nil, state: paths.state))
        } catch { return ImportedAccounts(error: .init(detail: error.description, hint: error.hint)) }
        var document: [UInt8] = []
        if let code = SystemCall.readAll(STDIN_FILENO, into: &document, limit: AccountImport.longest + 1) {
            let reason = String(cString: strerror(code))
            return ImportedAccounts(
                error: .init(detail: "cannot read the document: \(reason)", hint: "run the command again"))
        }
        return AccountImport.run(document, from: source, replaces: replace, paths)
    }
}
