internal import AgentAPI
internal import Glibc
internal import System

/// The part of a command's environment that a new agent inherits.
enum AgentEnvironment {
    /// File names, made absolute because the agent has another working directory.
    private static let files = ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"]

    static func of(_ environment: [String: String]) -> [String: String] {
        var environment = LeakyVariables.without(environment)
        for name in files {
            environment[name] = environment[name].map { $0.isEmpty ? $0 : absolutePath($0) }
        }
        return environment
    }

    /// A note for the user if the running agent has other values from its first command; `nil` if not.
    static func difference(_ environment: [String: String], _ agent: AgentStatus) -> String? {
        guard let known = agent.environment else { return nil }
        let names = AgentVariables.differing(of(environment), agent: known, user: geteuid())
        guard !names.isEmpty else { return nil }
        let list = names.joined(separator: ", ")
        return "the agent still has \(list) of its first command, different from this command's"
    }

    static let remedy = "run 'authagent stop'; the next command starts it with its own environment"
}
