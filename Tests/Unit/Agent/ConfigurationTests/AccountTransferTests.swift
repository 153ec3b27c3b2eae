import AgentAPI
import Configuration
import Foundation
import TestSupport
import Testing

/// Export and import of account files.
struct AccountTransferTests {
    private let source: CheckedFiles
    private let target: CheckedFiles

    init() throws { (source, target) = (try CheckedFiles(), try CheckedFiles()) }

    private func export(_ names: String...) throws -> ExportedAccounts {
        AccountExport.run(try names.map { try #require(AccountName($0)) }, source.paths)
    }

    private func add(_ text: String, replaces: Bool = false) -> ImportedAccounts {
        AccountImport.run(Array(text.utf8), from: "doc", replaces: replaces, target.paths)
    }

    private func text(_ name: String, at place: CheckedFiles) -> String? {
        FileManager.default.contents(atPath: place.path(CheckedFiles.account(name)))
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The files of the accounts directory.
    private var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: target.path("config/authagent/accounts"))) ?? [])
            .filter { $0 != ".import.lock" }.sorted()
    }

    static let texts = [
        CheckedFiles.account, "# why\n\n" + CheckedFiles.account + "# end, without a line feed",
        CheckedFiles.account + "login_hint = '''ann'''\n", CheckedFiles.account + "login_hint = 'ann'",
        CheckedFiles.account.replacing("\n", with: "\r\n"), "\u{FEFF}" + CheckedFiles.account,
        CheckedFiles.account + "# \"\"\" and ''' and \\ and \\u00e9 é 🙂\t\n[device_parameters]\nx = \"a\\\\b\"\n",
        CheckedFiles.account + "# '''\u{301} ends a literal, and so does '",
        CheckedFiles.account + "login_hint = \"\"\"\n{\\\"username\\\": \\\"ann\\\"}\"\"\"\n",
    ]

    @Test("a file is byte for byte the same after export and import, comments included", arguments: texts)
    func verbatim(text: String) throws {
        try source.write(CheckedFiles.account("a@b.c"), Array(text.utf8))
        let exported = try export()
        #expect(exported.error == nil && exported.accounts.map(\.description) == ["a@b.c"], "\(exported)")
        let imported = add(exported.text)
        #expect(imported.imported.map(\.description) == ["a@b.c"] && imported.error == nil, "\(imported)")
        #expect(self.text("a@b.c", at: target).map { Array($0.utf8) } == Array(text.utf8))
        #expect(names == ["a@b.c.toml"])
        #expect(add(exported.text).unchanged == imported.imported, "again, it changes nothing")
    }

    @Test("the document is what the manual says: a TOML table with a text for each account")
    func document() throws {
        for name in ["work", "a.b"] { try source.files.file(CheckedFiles.account(name), CheckedFiles.account) }
        try source.files.file("etc/accounts/machine.toml", CheckedFiles.account, mode: 0o644)
        try source.files.file("etc/accounts/work.toml", "nonsense")
        let lines = try export().text.split(separator: "\n").map(String.init)
        let expected =
            ["version = 1", "[accounts]"]
            + ["\"a.b\"", "machine", "work"].flatMap {
                ["\($0) = '''"] + CheckedFiles.account.split(separator: "\n").map(String.init) + ["'''"]
            }
        #expect(lines.filter { !$0.hasPrefix("#") } == expected, "\(lines)")
        #expect(try export("work").accounts.map(\.description) == ["work"])
    }

    @Test("no secret is exported, not even one in a comment; files that stay behind are named")
    func secrets() throws {
        let key = try source.files.file("key", "canary-key", mode: 0o600)
        let secret = try source.files.file("secret", "canary-secret", mode: 0o600)
        let named = "client_key_file = \"\(key)\"\n"
        try source.files.file(CheckedFiles.account("a"), CheckedFiles.account + named)
        try source.files.file(CheckedFiles.account("b"), CheckedFiles.account + "client_secret_file = \"\(secret)\"\n")
        let exported = try export()
        #expect(
            exported.needs.map(\.path) == [key, secret]
                && exported.needs.map(\.key) == ["client_key_file", "client_secret_file"])
        #expect(!exported.text.contains("canary") && exported.text.contains(named))
        let file = try source.files.file(
            CheckedFiles.account("c"), CheckedFiles.account + "  # client_secret = \"canary\"\n")
        let refused = try export()
        #expect(refused.text.isEmpty && refused.error?.detail.hasPrefix("\(file):3: ") == true, "\(refused)")
        #expect(!"\(refused)".contains("canary"))
        #expect(try export("a").error == nil, "the others can be exported by name")
    }

    @Test("an account that is unknown, or whose file is refused, exports nothing")
    func unknown() throws {
        #expect(try export().error?.detail.contains("there are no accounts") == true)
        try source.files.file(CheckedFiles.account("a"), CheckedFiles.account)
        #expect(try export("a", "b").error?.detail.contains("there is no account 'b'") == true)
        let broken = try source.files.file(CheckedFiles.account("b"), "x = 1\n")
        #expect(try export().error?.detail.hasPrefix("\(broken):1: ") == true)
    }

    @Test("an account that exists is replaced only on request, and otherwise nothing is written")
    func existing() throws {
        for name in ["a", "b"] { try source.files.file(CheckedFiles.account(name), CheckedFiles.account + "# new\n") }
        try target.files.file(CheckedFiles.account("b"), CheckedFiles.account)
        let document = try export().text
        let refused = add(document)
        #expect(refused.error?.detail.contains("'b' exists with other settings") == true, "\(refused)")
        #expect(refused.error?.hint.contains("--replace") == true && names == ["b.toml"])
        let replaced = add(document, replaces: true)
        #expect(replaced.imported.map(\.description) == ["a"] && replaced.replaced.map(\.description) == ["b"])
        #expect(text("b", at: target)?.hasSuffix("# new\n") == true && names == ["a.toml", "b.toml"])
    }

    @Test("an account of the machine is not hidden by an import without a request")
    func machine() throws {
        try source.files.file(CheckedFiles.account("a"), CheckedFiles.account + "# new\n")
        let machine = try target.files.file("etc/accounts/a.toml", CheckedFiles.account, mode: 0o644)
        #expect(add(try export().text).error != nil && names.isEmpty)
        #expect(add(try export().text, replaces: true).imported.map(\.description) == ["a"])
        #expect(try String(contentsOfFile: machine, encoding: .utf8) == CheckedFiles.account)
    }

    @Test("every error of a document is reported at its line, and nothing is written")
    func broken() throws {
        let document = """
            version = 1
            [accounts]
            good = '''
            \(CheckedFiles.account)'''
            bad = '''
            issuer = 1

            storee = "x"
            '''
            "a b" = ""

            """
        let report = add(document)
        let found = report.problems.map { "\($0.line ?? 0) \($0.problem)" }
        #expect(found.count == 3 && names.isEmpty && report.error != nil, "\(report)")
        #expect(found.contains { $0.hasPrefix("8 account 'bad': issuer: ") }, "\(found)")
        #expect(found.contains { $0.hasPrefix("10 account 'bad': unknown key 'storee'") }, "\(found)")
        #expect(found.contains { $0.contains("'a b' is not an account name") }, "\(found)")
    }

    @Test(
        "what is not a document of an export is refused",
        arguments: [
            "", "nonsense", "version = 2\n[accounts]\n", "version = 1\n", "[accounts]\n", "version = 1\naccounts = 3\n",
            "version = 1\n[accounts]\na = 1\n", "version = 1\nother = 1\n[accounts]\n", "\0",
        ])
    func otherDocuments(text: String) {
        let report = add(text)
        #expect(report.error != nil && report.imported.isEmpty && names.isEmpty, "\(report)")
    }

    @Test("accounts that a reload would refuse are refused: the same URL, and a missing subject")
    func contradictions() throws {
        let urls = "urls = [\"https://git.example/\"]\n"
        try source.files.file(CheckedFiles.account("a"), CheckedFiles.account + urls)
        let other = try target.files.file(CheckedFiles.account("other"), CheckedFiles.account + urls)
        let conflict = add(try export().text)
        #expect(conflict.error?.detail.contains(other) == true && names == ["other.toml"], "\(conflict)")
        try source.files.file(
            CheckedFiles.account("a"),
            CheckedFiles.account + "grant = \"token_exchange\"\nsubject_account = \"b\"\n")
        try source.files.file(CheckedFiles.account("b"), CheckedFiles.account)
        #expect(add(try export("a").text).error?.detail.contains("there is no account 'b'") == true)
        #expect(add(try export().text).imported.count == 2)
    }

    @Test("a thousand accounts are exported and imported")
    func many() throws {
        for number in 0..<1000 { try source.files.file(CheckedFiles.account("a\(number)"), CheckedFiles.account) }
        #expect(add(try export().text).imported.count == 1000 && names.count == 1000)
    }
}
