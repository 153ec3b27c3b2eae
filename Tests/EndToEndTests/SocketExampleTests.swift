import AuthagentTestSupport
import Foundation
import Testing

/// The examples of README.md, "The socket", as they are printed there.
@Suite(.timeLimit(.minutes(3)))
struct SocketExampleTests {
    /// What runs an example of a language, once it is in a file of this name.
    struct Language: Sendable, CustomTestStringConvertible {
        let name: String
        let file: String
        let program: String
        let package: String
        var arguments: [String] = []
        /// What the program says if a token cannot be had, on whichever output.
        var status: Int32 = 1

        var testDescription: String { name }
    }

    static let languages = [
        Language(name: "sh", file: "example.sh", program: "sh", package: "dash", status: 22),
        Language(name: "python", file: "example.py", program: "python3", package: "python3"),
        Language(name: "go", file: "example.go", program: "go", package: "golang-go", arguments: ["run"]),
        Language(name: "javascript", file: "example.js", program: "node", package: "nodejs"),
    ]

    /// The first block of the language in the README's section.
    static func example(_ language: String) throws -> String {
        let readme = URL(filePath: #filePath).appending(path: "../../../README.md").standardized
        let text = try String(contentsOf: readme, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## The socket\n").dropFirst().first)
            .components(separatedBy: "\n## ")[0]
        let blocks = section.components(separatedBy: "\n```\(language)\n").dropFirst()
        return try #require(blocks.first?.components(separatedBy: "\n```\n").first) + "\n"
    }

    @Test("each prints a token, and without one says what is wrong and what to run, and fails", arguments: languages)
    func example(language: Language) async throws {
        let demo = try await DemoLogin()
        try await demo.logIn()
        let file = try demo.home.files.file(language.file, try Self.example(language.name))
        let program = try MissingProgram.require(language.program, package: language.package)
        func run() async throws -> ChildProcess.Result {
            // Go asks nobody on the network, and leaves nothing behind.
            let go = [
                "GOPROXY": "off", "GOFLAGS": "-mod=mod", "GO111MODULE": "off", "GOTOOLCHAIN": "local",
                "GOCACHE": demo.home.files.path + "/go", "GOPATH": demo.home.files.path + "/gopath",
            ]
            return try await ChildProcess.run(
                program, language.arguments + [file], environment: demo.home.environment.merging(go) { $1 })
        }
        let token = try await demo.home.authagent("token", "work").lines
        let found = try await run()
        #expect(found.status == 0, "\(found.errors)")
        #expect(found.lines == token)

        try await demo.home.authagent("logout", "work")
        let gone = try await run()
        #expect(gone.status == language.status, "\(gone.errors)")
        #expect((gone.output + gone.errors).contains("no login for 'work'"), "\(gone.output)\(gone.errors)")
        #expect((gone.output + gone.errors).contains("authagent login work"))
    }
}
