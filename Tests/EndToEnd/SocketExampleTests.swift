import Foundation
import TestSupport
import Testing

/// The examples of the client library's README, run as printed.
@Suite(.timeLimit(.minutes(10)))
struct SocketExampleTests {
    /// The command that runs an example of a language, and the name of its file.
    struct Language: Sendable, CustomTestStringConvertible {
        let name: String
        let file: String
        let program: String
        let package: String
        var arguments: [String] = []
        /// The exit status if no token is available.
        var status: Int32 = 1
        /// The example's text for a deadline of 45 s, and the text for one of 1 s; `nil` if it has no deadline.
        var deadline: (long: String, short: String)?

        var testDescription: String { name }
    }

    static let languages = [
        Language(name: "sh", file: "example.sh", program: "sh", package: "dash", status: 22),
        Language(
            name: "python", file: "example.py", program: "python3", package: "python3",
            deadline: ("settimeout(45)", "settimeout(1)")),
        Language(
            name: "go", file: "example.go", program: "go", package: "golang-go", arguments: ["run"],
            deadline: ("45 * time.Second", "1 * time.Second")),
        Language(
            name: "javascript", file: "example.js", program: "node", package: "nodejs",
            deadline: ("timeout(45_000)", "timeout(1_000)")),
    ]

    /// Returns the first code block of the language in the README.
    static func example(_ language: String) throws -> String {
        let readme = Repository.path("Sources/Shared/AuthagentClient/README.md")
        let text = try String(contentsOfFile: readme, encoding: .utf8)
        let blocks = text.components(separatedBy: "\n```\(language)\n").dropFirst()
        return try #require(blocks.first?.components(separatedBy: "\n```\n").first) + "\n"
    }

    @Test("each prints a token; without one it prints the error and the command, and fails", arguments: languages)
    func example(language: Language) async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let example = try Self.example(language.name)
        let token = try await demo.home.authagent("token", "work").lines
        let found = try await start(language, example, demo.home).result()
        #expect(found.status == 0, "\(found.errors)")
        #expect(found.lines == token)

        try await demo.home.authagent("logout", "work")
        let gone = try await start(language, example, demo.home).result()
        #expect(gone.status == language.status, "\(gone.errors)")
        #expect((gone.output + gone.errors).contains("no login for 'work'"), "\(gone.output)\(gone.errors)")
        #expect((gone.output + gone.errors).contains("authagent login work"))
    }

    @Test("each with a deadline ends at it if the agent does not answer", arguments: languages)
    func silence(language: Language) async throws {
        guard let deadline = language.deadline else { return }
        let example = try Self.example(language.name)
        // The same example with a shorter deadline.
        let impatient = example.replacingOccurrences(of: deadline.long, with: deadline.short)
        try #require(impatient != example)
        let home = try AgentHome()
        let agent = try SilentAgent(home.socket)
        let program = try start(language, impatient, home)
        await eventually("\(language.name) waits for ever") { !program.isRunning }
        let result = await program.result()
        #expect(result.status == language.status, "\(result.errors)")
        #expect(result.output == "")
        #expect(try await agent.request() == "GET /v1/accounts/work/token HTTP/1.1")
    }

    private func start(_ language: Language, _ example: String, _ home: AgentHome) throws -> ChildProcess {
        let file = try home.files.file(language.file, example)
        let program = try MissingProgram.require(language.program, package: language.package)
        // Go uses no network and leaves no files.
        let go = [
            "GOPROXY": "off", "GOFLAGS": "-mod=mod", "GO111MODULE": "off", "GOTOOLCHAIN": "local",
            "GOCACHE": home.files.path + "/go", "GOPATH": home.files.path + "/gopath",
        ]
        return try ChildProcess(
            program, language.arguments + [file], environment: home.environment.merging(go) { $1 })
    }
}
