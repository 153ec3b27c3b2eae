internal import AgentAPI
internal import Glibc
internal import System

/// What a new agent gets of a command's environment.
enum AgentEnvironment {
    /// Names of files for the agent, whose working directory is another.
    private static let files = ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"]

    static func of(_ environment: [String: String]) -> [String: String] {
        var environment = LeakyVariables.without(environment)
        for name in files {
            environment[name] = environment[name].map { $0.isEmpty ? $0 : absolutePath($0) }
        }
        return environment
    }

    /// What a person has to know of an agent that goes on with the environment of its first command; else `nil`.
    static func difference(_ environment: [String: String], _ agent: AgentStatus) -> String? {
        guard let known = agent.environment else { return nil }
        let names = AgentSurroundings.differing(of(environment), agent: known, user: geteuid())
        guard !names.isEmpty else { return nil }
        return "the agent has another \(names.joined(separator: ", ")) than this command, that of its first command"
    }

    static let remedy = "run 'authagent stop', and the next command starts it with its own"
}
