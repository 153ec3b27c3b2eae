internal import AgentAPI
internal import ArgumentParser
internal import AuthagentClient
internal import System

struct ProvidersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "providers",
        abstract: "Show the providers that 'login --provider' knows.",
        discussion: """
            With a name, all settings of that provider. Any other provider works as well: 'authagent login NAME \
            --issuer URL --client-id ID'.
            """
    )

    @Argument(help: "Show only this provider, with all its settings.")
    var name: String?

    @Flag(help: "Print one JSON object with 'providers'.")
    var json = false

    func run() throws {
        var list = try Self.list()
        if let name {
            list.providers.removeAll { $0.name != name }
            guard !list.providers.isEmpty else {
                throw Failure("'\(name)' is not a known provider", hint: "run 'authagent providers' to see them")
            }
        }
        let text = name == nil ? ProviderText.summary : ProviderText.detail
        Console.print(json ? APIJSON.text(fixed: list) : list.providers.map(text).joined(separator: "\n\n"))
    }

    /// The daemon's executable has the presets, which keeps this one small; it needs no running agent.
    private static func list() throws -> ProviderList {
        do throws(DaemonQuery.Failed) {
            return try DaemonQuery(environment: processEnvironment()).answer(ProviderList.self, to: .providers)
        } catch {
            // In a container with only the agent's socket.
            if case .notInstalled = error, let agent = try? AgentConnection.open(startIfNeeded: false) {
                return try agent.ask(.providers)
            }
            throw Failure(error.fault, code: .agentUnreachable)
        }
    }
}
