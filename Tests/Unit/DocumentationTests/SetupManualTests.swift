import Foundation
import TestSupport
import Testing

/// `authagent setup` compared with its manual, and every example with the rule that no token is an argument.
struct SetupManualTests {
    private func authagent(_ arguments: String...) async throws -> ChildProcess.Result {
        try await ChildProcess.run(
            try BuildProducts.path("authagent"), arguments, environment: ["HOME": "/nonexistent"])
    }

    /// The tools, as the program lists them.
    private func listed() async throws -> [String] {
        let lines = try await authagent("setup", "--list").lines
        try #require(lines.count > 10)
        return lines.compactMap { $0.split(separator: " ").first.map(String.init) }
    }

    @Test("authagent-programs(7) and the synopsis of authagent(1) name each tool of setup")
    func tools() async throws {
        let page = try String(contentsOfFile: Repository.path("man/authagent-programs.7"), encoding: .utf8)
        let manual = try ManualPage("authagent.1")
        for tool in try await listed() {
            let isThere = page.contains("authagent setup \(tool)")
            #expect(isThere, "\(tool)")
            #expect(manual.words.contains(tool), "\(tool)")
        }
    }

    @Test("each option of each tool is in authagent(1)")
    func options() async throws {
        let words = try ManualPage("authagent.1").words
        for tool in try await listed() {
            let help = try await authagent("setup", tool, "--help")
            #expect(help.status == 0)
            let rows = help.lines.filter { $0.hasPrefix("  -") }.joined(separator: "\n")
            let options = Set(rows.matches(of: /(?m)^  (--[a-z][a-z-]+)/).map { String($0.output.1) })
            #expect(options.contains("--undo"))
            for option in options.subtracting(["--help", "--version"]) {
                let isThere = words.contains(String(option.dropFirst()))
                #expect(isThere, "\(tool) \(option)")
            }
        }
    }

    /// A command substitution with a token, where every user of the machine can read it.
    private static func tokenArguments(in text: String) -> [String] {
        let lines = text.replacing("\\e\n", with: " ").replacing("\\\n", with: " ").split(separator: "\n")
        return lines.filter {
            $0.contains(/(-H|-c|--header|extraHeader=?) *"?\$\(authagent/)
                || $0.contains(/(^|[^@])\$\(authagent (token|helper|exec)[^)]*\)[^|]*$/)
                    && !$0.contains(/^ *(\$ )?[a-z]+=\$\(authagent [^)]*\)/)
        }.map(String.init)
    }

    @Test("no example of a README or manual has a token in an argument")
    func arguments() throws {
        let root = Repository.root
        var names = ["README.md", "packaging/systemd/README.md", "Sources/Shared/AuthagentClient/README.md"]
        names += try FileManager.default.contentsOfDirectory(atPath: root + "/man").map { "man/\($0)" }
        for name in names {
            let text = try String(contentsOfFile: "\(root)/\(name)", encoding: .utf8)
            #expect(Self.tokenArguments(in: text) == [], "\(name)")
        }
    }

    @Test(
        "a token in an argument is found",
        arguments: [
            "curl -H \"$(authagent token work --header)\" https://api.example.com", "git -c $(authagent token work)",
            "curl --header \\\n  \"$(authagent token work --header)\" URL",
            "http URL --auth \"$(authagent token work)\"",
            "docker login --password $(authagent token work) r.example.com",
        ])
    func found(example: String) {
        #expect(!Self.tokenArguments(in: example).isEmpty)
    }
}
