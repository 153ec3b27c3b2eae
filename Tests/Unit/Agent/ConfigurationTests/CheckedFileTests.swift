import AgentAPI
import Configuration
import Foundation
import TestSupport
import Testing

/// `authagent config check`: what is wrong with files and directories themselves, and between files.
struct CheckedFileTests {
    private let checked: CheckedFiles
    private var files: TemporaryDirectory { checked.files }

    init() throws { checked = try CheckedFiles() }

    private func problems(_ report: ConfigurationReport, of name: String) -> [ConfigurationReport.Problem] {
        report.files.first { $0.path == checked.path(name) }?.problems ?? []
    }

    /// What may be in a file's place.
    enum Place: String, CaseIterable {
        case loose, fifo, directory, nothing, circle, gigabyte, foreign

        func make(_ path: String) -> Bool {
            switch self {
            case .loose: FileManager.default.createFile(atPath: path, contents: nil) && chmod(path, 0o666) == 0
            case .fifo: mkfifo(path, 0o600) == 0
            case .directory: mkdir(path, 0o700) == 0
            case .nothing: symlink("/nonexistent/x", path) == 0
            case .circle: symlink(path, path) == 0
            case .gigabyte:
                FileManager.default.createFile(atPath: path, contents: nil) && truncate(path, 1 << 30) == 0
                    && chmod(path, 0o600) == 0
            case .foreign:
                FileManager.default.createFile(atPath: path, contents: nil) && chown(path, 65_534, 65_534) == 0
            }
        }

        var problem: String {
            switch self {
            case .loose: "others may write to this file"
            case .fifo, .directory: "this is not a regular file"
            case .nothing: "this is a link to a file that does not exist"
            case .circle: "Too many levels of symbolic links"
            case .gigabyte: "the file is larger than 65536 bytes"
            case .foreign: "the file belongs to user 65534 (nobody)"
            }
        }
    }

    @Test("what is not a file of root or of the user is refused at once, wherever it is", arguments: Place.allCases)
    func places(place: Place) throws {
        if place == .foreign { try #require(getuid() == 0, "only root can give a file away") }
        let names = [
            CheckedFiles.account("work"), "etc/accounts/ci.toml", "etc/authagent.toml.d/a.toml", "etc/authagent.toml",
            "config/authagent/sinks.toml",
        ]
        // A link to nothing is a missing file, except where it was listed.
        for name in place == .nothing ? Array(names.prefix(3)) : names {
            try #require(place.make(checked.path(name)))
        }
        let clock = ContinuousClock()
        let start = clock.now
        let report = checked.check()
        #expect(clock.now - start < .seconds(5))
        for name in place == .nothing ? Array(names.prefix(3)) : names {
            let found = problems(report, of: name)
            #expect(found.count == 1 && found[0].problem.contains(place.problem), "\(name): \(found)")
            #expect(found.allSatisfy { $0.severity == .error && !$0.hint.isEmpty })
        }
    }

    @Test("a directory that others may write to is reported once, not for each file in it")
    func looseDirectory() throws {
        for name in ["a", "b", "c"] { try files.file(CheckedFiles.account(name), CheckedFiles.account) }
        try #require(chmod(checked.path("config/authagent/accounts"), 0o777) == 0)
        let report = checked.check()
        #expect(report.errors == 1)
        #expect(
            problems(report, of: "config/authagent/accounts").map(\.problem) == ["others may write to this directory"])
    }

    @Test("key, certificate and secret files are examined as a request does, and named at the account's line")
    func keys() throws {
        let certificate = try files.file("cert", "-----BEGIN CERTIFICATE-----\n")
        let keys: [(text: String, mode: Int, problem: String)] = [
            (try TestKeys.p256(), 0o600, ""), (try TestKeys.p256(), 0o640, "others may read this file"),
            ("-----BEGIN PUBLIC KEY-----\n", 0o600, "the file contains a public key"), ("", 0o600, "private key"),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", 0o600, "the private key is encrypted"),
        ]
        for (number, key) in keys.enumerated() {
            let path = try files.file("key\(number)", key.text, mode: key.mode)
            let named = CheckedFiles.account + "client_key_file = \"\(path)\"\n"
            try files.file(CheckedFiles.account("k\(number)"), named)
            let certified = named + "client_auth = \"tls_client_auth\"\nclient_certificate_file = \"\(certificate)\"\n"
            try files.file(CheckedFiles.account("c\(number)"), certified)
        }
        let report = checked.check()
        for (number, key) in keys.enumerated() where !key.problem.isEmpty {
            let found = problems(report, of: CheckedFiles.account("k\(number)"))
            #expect(found.map(\.line) == [3] && found[0].problem.contains(key.problem), "\(found)")
            #expect(found[0].problem.hasPrefix("client_key_file: \(files.path)/key\(number): "), "\(found)")
            #expect(problems(report, of: CheckedFiles.account("c\(number)")).map(\.line) == [3])
        }
        #expect(report.errors == 8 && problems(report, of: CheckedFiles.account("c0")).isEmpty)
    }

    @Test("accounts with the same URL are both named, at the line of their URLs")
    func conflict() throws {
        let urls = "urls = [\"https://git.example/\"]\n"
        try files.file(CheckedFiles.account("a"), CheckedFiles.account + urls)
        try files.file(CheckedFiles.account("b"), CheckedFiles.account + "\n" + urls)
        let report = checked.check()
        for (name, line, other) in [("a", 3, "b"), ("b", 4, "a")] {
            let found = problems(report, of: CheckedFiles.account(name))
            #expect(found.map(\.line) == [line] && found[0].problem.contains("/\(other).toml as well"), "\(found)")
        }
    }

    @Test("errors of a machine's file that the user's replaces are warnings")
    func replaced() throws {
        try files.file("etc/accounts/work.toml", "nonsense")
        let broken = checked.check()
        #expect(broken.errors == 1 && problems(broken, of: "etc/accounts/work.toml").map(\.line) == [1])
        try files.file(CheckedFiles.account("work"), CheckedFiles.account)
        let report = checked.check()
        #expect(report.ok && report.warnings == 1)
        #expect(problems(report, of: "etc/accounts/work.toml").map(\.severity) == [.warning])
    }

    @Test("what may come later, or is probably not intended, is a warning")
    func warnings() throws {
        let rules = """
            [[rule]]
            accounts = ["ci-*"]
            user = "*"
            allow = []

            [[rule]]
            accounts = ["ci-x"]
            uid = 1
            allow = ["token"]

            [[sink]]
            account = "work"
            path = "/nonexistent/token"

            """
        let settings = try files.file("config/authagent/authagent.toml", rules)
        for name in ["etc/authagent.toml.d/10-x.conf", "etc/accounts/work"] { try files.file(name, "") }
        let report = checked.check()
        #expect(report.ok && report.errors == 0 && report.warnings == 5, "\(report)")
        let found = problems(report, of: "config/authagent/authagent.toml").map { "\($0.line ?? 0) \($0.problem)" }
        let expected = [
            "6 rule: it never decides: the rule at \(settings):1 matches first",
            "11 path: there is no directory /nonexistent yet", "11 account: there is no account 'work'",
        ]
        #expect(found == expected, "\(found)")
    }

    @Test("the certificates and the audit file that a provider or a decision needs are examined")
    func named() throws {
        let empty = try files.file("empty.pem", "")
        for (path, problem) in [
            ("/nonexistent/ca", "there is no such file"), (empty, "does not contain a certificate"),
        ] {
            try files.file("etc/authagent.toml", "audit_file = \"/a/b\"\n[network]\nca_file = \"\(path)\"\n")
            let report = ConfigurationCheck.report(
                checked.paths,
                ConfigurationCheck.Parts {
                    ConfigurationError(file: $0, problem: "No such file or directory", hint: "create its directory")
                })
            #expect(report.errors == 2 && report.files.map(\.path).suffix(2) == [path, "/a/b"], "\(report)")
            #expect(report.files.contains { $0.path == path && $0.problems[0].problem.contains(problem) })
        }
    }

    @Test("hostile files are examined within seconds, and the report stays small")
    func hostile() throws {
        let long = String(repeating: "k", count: 90)
        let keys = (0..<600).map { "\(long)\($0) = 1\n" }.joined()
        try files.file("etc/authagent.toml", keys)
        for file in 0..<4 {
            let rule = "[[rule]]\n" + (0..<5000).map { "x\($0) = 1\n" }.joined()
            try files.file("etc/authagent.toml.d/\(file)x.toml", rule)
        }
        let rule = "[[rule]]\n" + (0..<150).map { "x\($0)=1\n" }.joined()
        try files.file("etc/authagent.toml.d/a.toml", String(repeating: rule, count: 50))
        try files.file("etc/authagent.toml.d/b.toml", "a = " + String(repeating: "[", count: 60_000))
        try files.file("etc/authagent.toml.d/c.toml", String(repeating: "a.", count: 30_000) + "a = 1\n")
        try files.file("etc/authagent.toml.d/d.toml", "a = \"" + String(repeating: "\\\\u0000", count: 9000) + "\"\n")
        for number in 0..<3000 { try files.file(CheckedFiles.account("a\(number)"), "x = \n") }
        let clock = ContinuousClock()
        let start = clock.now
        let report = checked.check()
        // A debug build beside other tests; an unbounded look at one of these files alone takes minutes.
        #expect(clock.now - start < .seconds(120))
        #expect(
            report.files.flatMap(\.problems).count == 2000 && report.omitted == report.errors - 2000, "\(report.errors)"
        )
        #expect(report.errors > 3000 && report.files.map(\.problems.count).max() == 100)
        #expect(APIJSON.encode(fixed: report).count < 2_000_000)
    }
}
