internal import AgentAPI
internal import ArgumentParser
internal import Glibc
internal import System

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print the files of accounts as one document for another machine.",
        discussion: """
            The document has no secret: logins, client secrets and keys stay here. 'authagent import' adds its accounts \
            on another machine. Needs no running agent.
            """
    )

    @Argument(help: "The accounts; all if none is named.", transform: AccountName.argument)
    var accounts: [AccountName] = []

    @Option(name: [.short, .long], help: ArgumentHelp("Write the document to this file.", valueName: "file"))
    var output: String?

    func run() throws {
        let exported: ExportedAccounts
        do throws(DaemonQuery.Failed) {
            exported = try DaemonQuery(environment: processEnvironment()).answer(
                ExportedAccounts.self, to: .exportAccounts(accounts))
        } catch { throw Failure(error.fault, code: .agentUnreachable) }
        if let error = exported.error { throw Failure(error.detail, hint: error.hint) }
        if let output { try Self.write(exported.text, to: output) } else { Self.print(exported.text) }
        for file in exported.needs {
            Console.note("'\(file.account)' needs \(file.path) (\(file.key)), which is not in the document")
        }
    }

    private static func print(_ text: String) {
        var text = text
        text.withUTF8(Console.print(line:))
    }

    /// Replaces the file as a whole.
    private static func write(_ text: String, to path: String) throws {
        do throws(UnfinishedFile.Failure) {
            let file = try UnfinishedFile("\(path).\(getpid()).new")
            try file.write(Array(text.utf8))
            try file.synchronize()
            try file.rename(to: path)
        } catch {
            throw Failure(
                "cannot write \(path): \(String(cString: strerror(error.code)))",
                hint: "give --output a file in a directory that you can write to")
        }
    }
}
