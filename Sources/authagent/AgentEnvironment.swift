internal import LocalSocket

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
}
