internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import Glibc
internal import System

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Add the accounts of a document that 'authagent export' has written.",
        discussion: """
            The whole document is checked before anything is written. Accounts that exist with other settings are \
            refused without --replace; logins stay as they are. Needs no running agent; one that runs reads the new \
            files at once.
            """
    )

    @Argument(help: "The document, or '-' for standard input.")
    var file: String

    @Flag(help: "Replace the files of accounts that exist.")
    var replace = false

    @Flag(help: "Print one JSON object with 'imported', 'replaced' and 'unchanged'.")
    var json = false

    func run() throws {
        let document = try Self.read(file)
        let source = file == "-" ? "standard input" : file
        let report: ImportedAccounts
        do throws(DaemonQuery.Failed) {
            report = try DaemonQuery(environment: processEnvironment()).answer(
                ImportedAccounts.self, to: .importAccounts(document: document, source: source, replace: replace))
        } catch { throw Failure(error.fault, code: .agentUnreachable) }
        if json { Console.print(APIJSON.text(fixed: report)) } else { Self.print(report, source) }
        for file in report.needs {
            Console.note("'\(file.account)' needs \(file.path) (\(file.key)), which is not on this machine yet")
        }
        let reloaded = Result { if !(report.imported + report.replaced).isEmpty { try Self.reload() } }
        // Also after a disk that was full before the last file.
        if let error = report.error { throw Failure(error.detail, hint: error.hint) }
        try reloaded.get()
    }

    private static func print(_ report: ImportedAccounts, _ source: String) {
        let accounts = [
            ("imported", report.imported), ("replaced", report.replaced), ("unchanged", report.unchanged),
        ]
        for (word, names) in accounts { for name in names { Console.print("\(word) '\(name)'") } }
        for problem in report.problems {
            for line in ConfigurationText.lines(problem, in: source) { Console.print(line) }
        }
    }

    private static func read(_ file: String) throws -> [UInt8] {
        let descriptor = file == "-" ? dup(STDIN_FILENO) : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw unreadable(file, errno) }
        let input = Descriptor(owning: descriptor)
        var bytes: [UInt8] = []
        if let code = SystemCall.readAll(input.raw, into: &bytes, limit: longest) { throw unreadable(file, code) }
        return bytes
    }

    /// One byte more than the daemon accepts.
    private static let longest = 16 * 1024 * 1024 + 1

    private static func unreadable(_ file: String, _ code: Int32) -> Failure {
        Failure("cannot read \(file): \(String(cString: strerror(code)))", hint: "run 'ls -l \(file)' to see why")
    }

    /// Lets an agent that runs read the new files. Connecting to a socket of systemd would start one, so its lock decides.
    private static func reload() throws {
        guard let paths = UserPaths(environment: processEnvironment()), FileLock.isHeld(paths.lock) else { return }
        do { _ = try AgentConnection.open(startIfNeeded: false).ask(.reload) } catch {
            let failure = Failure(any: error)
            throw Failure(
                "the accounts are there, but the agent could not reload: \(failure.message)", hint: failure.hint,
                code: failure.code)
        }
    }
}
