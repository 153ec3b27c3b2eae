import Foundation
import TestSupport
import Testing

/// What the programs say of their own versions.
@Suite(.timeLimit(.minutes(2)))
struct VersionTests {
    private let files: TemporaryDirectory
    private let list: String

    /// Places the client as an installation does.
    init() throws {
        files = try TemporaryDirectory()
        for name in ["bin", "share", "share/authagent"] { try files.directory(name) }
        try FileManager.default.copyItem(
            atPath: try BuildProducts.path("authagent"), toPath: files.path + "/bin/authagent")
        list = files.path + "/share/authagent/versions"
    }

    private func authagent(_ arguments: String...) async throws -> ChildProcess.Result {
        try await ChildProcess.run(files.path + "/bin/authagent", arguments)
    }

    private func version() async throws -> String {
        try await authagent("--version").output.trimmingCharacters(in: .newlines)
    }

    @Test("the list of an installation is printed as text and as JSON")
    func list() async throws {
        let own = try await version()
        let text =
            "program authagent \(own)\nswift-package swift-nio 2.1.0\ndebian-package libcurl4 7.88.1-10+deb12u14\n"
        try text.write(toFile: list, atomically: true, encoding: .utf8)
        let printed = try await authagent("--version", "--verbose")
        #expect(printed.status == 0, "\(printed.errors)")
        #expect(
            printed.lines == [
                "authagent \(own), built with:", "  swift-nio 2.1.0", "  libcurl4 7.88.1-10+deb12u14 (Debian)",
            ])
        let json = try await authagent("--verbose", "--version", "--json")
        let components =
            #"[{"kind":"swift-package","name":"swift-nio","version":"2.1.0"},"#
            + #"{"kind":"debian-package","name":"libcurl4","version":"7.88.1-10+deb12u14"}]"#
        #expect(json.output == #"{"components":\#(components),"version":"\#(own)"}"# + "\n")
    }

    @Test("a list that is missing, of another version or damaged: exit code 1, its path, and what to do")
    func noList() async throws {
        let own = try await version()
        for (text, problem) in [
            (nil, "no list of versions is installed at "), ("", "it is not a list of versions"),
            ("program authagent 0.0.0\n", "is of authagent 0.0.0, and this program is \(own)"),
            ("program authagent \(own)\nlibcurl4 7\n", "line 2 is not a version"),
            ("program authagent \(own)\na b \u{1B}[31m\n", "line 2 is not a version"),
        ] {
            if let text { try text.write(toFile: list, atomically: true, encoding: .utf8) }
            let result = try await authagent("--version", "--verbose")
            #expect(result.status == 1)
            #expect(result.output == "")
            #expect(result.errors.contains(problem), "\(result.errors)")
            #expect(result.errors.contains("share/authagent/versions") && result.errors.contains("authagent: hint: "))
        }
    }

    @Test("the daemon prints the versions of the libraries that it has loaded")
    func libraries() async throws {
        let result = try await ChildProcess.run(try BuildProducts.path("authagentd"), ["--version", "--verbose"])
        #expect(result.status == 0, "\(result.errors)")
        for library in ["  libcurl/", "  libqrencode ", "  libseccomp ", "  glibc "] {
            #expect(result.lines.contains { $0.hasPrefix(library) }, "\(result.output)")
        }
        #expect(result.lines.first == "authagentd \(try await version()), running with:")
    }
}
