import Foundation
import TestSupport
import Testing

/// The helpers as the program lists them, compared with authagent-helper(1) and the installation.
struct HelperTests {
    /// The calls in the help text, as words: those before two spaces.
    private static func helpers() async throws -> [[String]] {
        let help = try await ChildProcess.run(try BuildProducts.path("authagent"), ["helper", "--help"])
        return help.lines.drop { !$0.hasPrefix("git ") }.prefix { $0.first?.isUppercase == false }
            .filter { !$0.hasPrefix(" ") }
            .map { line in
                let call = line.firstRange(of: "  ").map { line[..<$0.lowerBound] } ?? line[...]
                return call.split(separator: " ").map(String.init)
            }
    }

    @Test("each helper has an entry in the manual, and a call without arguments is no unknown helper")
    func manual() async throws {
        let helpers = try await Self.helpers()
        #expect(helpers.count >= 11)
        let entries = try ManualPage("authagent-helper.1").items(of: "HELPERS").compactMap(\.last)
        for words in helpers {
            let name = try #require(words.first)
            #expect(entries.contains(name), "\(name)")
            let call = try await ChildProcess.run(
                try BuildProducts.path("authagent"), ["helper", name, "--nonsense"],
                environment: ChildProcess.programEnvironment.merging(["AUTHAGENT_SOCK": "/nonexistent"]) { $1 })
            #expect(!call.errors.contains("there is no helper '\(name)'"), "\(name)")
        }
    }

    @Test("each operation in the help is in the manual's synopsis")
    func operations() async throws {
        let words = try ManualPage("authagent-helper.1").words
        for operation in try await Self.helpers().flatMap({ $0.dropFirst() }) {
            for word in operation.split(separator: "|") where word.first?.isLowercase == true {
                #expect(words.contains(String(word)), "\(word)")
            }
        }
    }

    @Test(
        "each name by which a program looks for its helper is in the manual and installed",
        arguments: [
            "git-credential-authagent", "docker-credential-authagent", "cargo-credential-authagent",
            "terraform-credentials-authagent", "keyring",
        ])
    func links(name: String) throws {
        #expect(try ManualPage("authagent-helper.1").entries.contains(name))
        let scripts = try ["packaging/install", "packaging/dev/lib.sh"].map {
            try String(contentsOfFile: Repository.path($0), encoding: .utf8)
        }
        #expect(scripts.contains { $0.contains(name) })
    }
}
