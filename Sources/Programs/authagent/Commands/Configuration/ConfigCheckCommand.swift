internal import AgentAPI
internal import ArgumentParser
internal import Glibc
internal import System

struct ConfigCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check every file that an agent would read, and show all that is wrong.",
        discussion: """
            Needs no running agent, no network and no keyring, and changes nothing. Exit code 1 when there is an error; \
            warnings alone are not a failure.
            """
    )

    @Option(
        help: ArgumentHelp(
            "Check this directory in place of /etc/authagent, and no files of the user.", valueName: "dir"))
    var directory: String?

    @Flag(help: "Print one JSON object with 'ok' and 'files'.")
    var json = false

    func run() throws {
        let query = DaemonQuery(environment: try environment())
        let report: ConfigurationReport
        do throws(DaemonQuery.Failed) {
            report = try query.answer(ConfigurationReport.self, to: .configCheck)
        } catch { throw Failure(error.fault, code: .agentUnreachable) }
        if json { Console.print(APIJSON.text(fixed: report)) }
        if let error = report.error { throw Failure(error.detail, hint: error.hint) }
        let text = ConfigurationText(report)
        if !json { Console.print(text.text) }
        guard report.ok else {
            throw Failure("the configuration has \(text.errors)", hint: "correct the files, and check them again")
        }
    }

    /// With a directory, that of an agent of the machine without a user's files.
    private func environment() throws -> [String: String] {
        var environment = processEnvironment()
        guard let directory else { return environment }
        let path = absolutePath(directory)
        guard access(path, R_OK | X_OK) == 0 else {
            throw Failure(
                "cannot check \(path): \(String(cString: strerror(errno)))", hint: "give a directory that you can read")
        }
        environment["AUTHAGENT_SYSTEM_CONFIG"] = path
        // Where no user has files (Debian Policy §9.2.3).
        environment["XDG_CONFIG_HOME"] = "/nonexistent"
        return environment
    }
}
