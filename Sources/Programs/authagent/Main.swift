internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import CEarlyProtection
internal import Glibc
internal import SecretMemory

/// Parses the command line, runs the command, and turns errors into messages and exit codes.
///
/// Synchronous: starting the concurrency runtime takes longer than a whole request.
@main
enum Main {
    static func main() {
        early_protection()
        Console.fillClosedPlaces()
        // This process handles client secrets and access tokens: no core dumps, and no tracing by other processes of
        // the user. The daemon does the same for itself.
        if early_is_exec() == 0 { ProcessProtection.forbidInspection() }
        // A closed pipe becomes a write error, so that `authagent status | head -1` ends without a message.
        signal(SIGPIPE, SIG_IGN)
        do {
            var count: Int32 = 0
            // Not `CommandLine`, whose first use touches pages of the standard library.
            if let arguments = early_arguments(&count) {
                if let quick = QuickToken.Arguments(count: count, arguments), try QuickToken.run(quick) { return }
                if let call = HelperCall(count: count, arguments) { return call.run() }
            }
            if CompletionCommand.printsCandidates(CommandLine.arguments) { return }
            if VersionList.isRequested(CommandLine.arguments.dropFirst()) {
                return try VersionList.print(json: CommandLine.arguments.contains("--json"))
            }
            var command = try AuthagentCommand.parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            Console.report(failure)
            exit(failure.code.rawValue)
        } catch let error as CommandNotStarted {
            Console.report(error.failure)
            exit(error.exitCode)
        } catch let error as AgentClientError {
            let failure = Failure(error)
            Console.report(failure)
            exit(failure.code.rawValue)
        } catch {
            if AuthagentCommand.exitCode(for: error).isSuccess {
                Console.print(AuthagentCommand.fullMessage(for: error))
                exit(AgentAPI.ExitCode.ok.rawValue)
            }
            let path = CommandPath(CommandLine.arguments.dropFirst())
            let refused = path.command == "login" ? RefusedOptions.failure(in: CommandLine.arguments) : nil
            Console.report(
                refused ?? path.unknownName
                    ?? Failure(usage: AuthagentCommand.message(for: error), command: path.command))
            exit(AgentAPI.ExitCode.usage.rawValue)
        }
    }
}

struct AuthagentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authagent",
        abstract: "Fresh OAuth access tokens for programs on machines without a browser.",
        discussion: """
            'authagent login NAME' shows a code or an address; approve it on your phone or in a browser. From then on \
            'authagent token NAME' prints a fresh access token whenever a program needs one. See authagent(1).

            Exit codes: 0 ok, 1 failed, 2 usage, 3 login required, 4 agent unreachable, 5 forbidden, 6 provider \
            unreachable, 7 store locked or unavailable.
            """,
        version: agentVersion,
        subcommands: [
            LoginCommand.self, TokenCommand.self, URLCommand.self, ExecCommand.self, HelperCommand.self,
            StatusCommand.self, LogoutCommand.self, InspectCommand.self, ProvidersCommand.self, PolicyCommand.self,
            ApprovalsCommand.self, ConfigCommand.self, ExportCommand.self, ImportCommand.self,
            DoctorCommand.self, StoreCommand.self, LockCommand.self, UnlockCommand.self, SinkCommand.self,
            EventsCommand.self, SetupCommand.self,
            StartCommand.self, StopCommand.self, ReloadCommand.self, CompletionCommand.self,
        ]
    )
}
