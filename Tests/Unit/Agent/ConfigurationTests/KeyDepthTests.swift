import AgentAPI
import Configuration
import TestSupport
import Testing

/// Keys of thousands of parts: the parser would overflow the stack when it frees their tables.
struct KeyDepthTests {
    private static let parts = 30_000

    private func error(_ text: String) throws -> ConfigurationError {
        let checked = try CheckedFiles()
        try checked.files.file("config/authagent/authagent.toml", text)
        return try #require(throws: ConfigurationError.self) { try DaemonSettings.load(checked.paths) }
    }

    @Test(
        "a key that goes too deep is refused before it is parsed, wherever it is written",
        arguments: [
            String(repeating: "a.", count: parts) + "a = 1", String(repeating: "a .", count: 20_000) + "a = 1",
            "[" + String(repeating: "a.", count: parts) + "a]", "[[" + String(repeating: "a.", count: parts) + "a]]",
            "x = {" + String(repeating: "a.", count: parts) + "a = 1}",
            "x = [\n{b = 1, " + String(repeating: "a.", count: parts) + "a = 1}]",
            String(repeating: "\"#\".", count: 15_000) + "a = 1", String(repeating: "'\"'.", count: 15_000) + "a = 1",
            "x = '''\n'' ' ''''\n" + String(repeating: "a.", count: parts) + "a = 1",
            "x = \"\"\"\\\n\\\"\"\"\"\\\"\"\"\"\"\n" + String(repeating: "a.", count: parts) + "a = 1",
        ])
    func deep(text: String) throws {
        let error = try error("# a.a.a = \"\n" + text + "\n")
        #expect(error.problem == "a key has too many parts" || error.problem.hasPrefix("this is not TOML"), "\(error)")
    }

    @Test("the line is right after comments and texts of several lines")
    func line() throws {
        let text =
            "# '''\nlog_level = '''\n\n'''\naudit_file = \"\"\"\\\n  \"\"\"\n" + String(repeating: "a.", count: 70)
            + "a = 1\n"
        #expect(try error(text).line == 7)
    }

    @Test("dots in texts and comments do not count")
    func texts() throws {
        let dots = String(repeating: "a.", count: 1000)
        let checked = try CheckedFiles()
        let text =
            "# \(dots)\nlog_level = \"info\" # \(dots)\n[network]\nno_proxy = '\(dots)'\nproxy = \"\\\"\(dots)\"\n"
        try checked.files.file("config/authagent/authagent.toml", text)
        #expect(try DaemonSettings.load(checked.paths).network.noProxy == dots)
    }
}
