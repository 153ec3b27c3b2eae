import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `authagent config check`, `export` and `import` as programs.
@Suite(.timeLimit(.minutes(5)))
struct ConfigurationCommandTests {
    private static let account = "issuer = \"https://issuer.example\"\nclient_id = \"tv\"\n"

    private func account(_ home: AgentHome, _ name: String, _ text: String = account) throws -> String {
        try home.files.directory("config/authagent/accounts")
        return try home.files.file("config/authagent/accounts/\(name).toml", text)
    }

    @Test("config check prints each problem with its place, and exits with 1 without starting an agent")
    func text() async throws {
        let home = try AgentHome()
        let clean = try await home.authagent("config", "check")
        #expect(clean.status == 0 && clean.output == "checked no files: no errors, no warnings\n", "\(clean)")
        let syntax = try account(home, "a", Self.account + "audience = = 1\n")
        let key = try account(home, "b", Self.account + "keep_alive = \"1 week\"\nclient_idd = \"x\"\n")
        let result = try await home.authagent("config", "check")
        #expect(result.status == 1)
        #expect(result.lines.contains { $0.hasPrefix("\(syntax):3:12: error: this is not TOML: ") }, "\(result.output)")
        #expect(result.lines.contains("\(key):3: error: keep_alive: this is not a duration"), "\(result.output)")
        #expect(result.lines.contains("\(key):4: error: unknown key 'client_idd'"))
        #expect(result.lines.contains("  did you mean 'client_id'?"))
        #expect(result.lines.last == "checked 2 files: 3 errors, no warnings")
        #expect(result.errors.contains("authagent: error: the configuration has 3 errors\n"), "\(result.errors)")
        #expect(home.daemonPID == nil)
    }

    @Test("with --json it prints one object, whose form stays as authagent(1) has it")
    func json() async throws {
        let home = try AgentHome()
        let path = try account(home, "a", Self.account + "store = \"disk\"\n")
        let result = try await home.authagent("config", "check", "--json")
        #expect(result.status == 1 && result.output.split(separator: "\n").count == 1)
        let report = try APIJSON.decode(ConfigurationReport.self, from: Array(result.output.utf8))
        #expect(!report.ok && report.errors == 1 && report.warnings == 0 && report.files.map(\.path) == [path])
        let expected =
            #"{"errors":1,"files":[{"path":"\#(path)","problems":[{"hint":"choose one of: keyring, sealed, memory","#
            + #""line":3,"problem":"store: 'disk' is not known","severity":"error"}]}],"ok":false,"warnings":0}"#
        #expect(result.output == expected + "\n", "\(result.output)")
    }

    @Test("--directory checks a tree that is to be installed, and no file of the user")
    func directory() async throws {
        let home = try AgentHome()
        _ = try account(home, "a", "nonsense")
        try home.files.directory("tree/authagent.toml.d")
        try home.files.directory("tree/accounts")
        try home.files.file("tree/accounts/ci.toml", Self.account)
        let dropIn = try home.files.file("tree/authagent.toml.d/10.toml", "log_level = \"info\"\n")
        let tree = home.files.path + "/tree"
        let good = try await home.authagent("config", "check", "--directory", tree)
        #expect(good.status == 0 && good.output == "checked 2 files: no errors, no warnings\n", "\(good)")
        try home.files.file("tree/authagent.toml.d/10.toml", "log_level = 3\n")
        let bad = try await home.authagent("config", "check", "--directory", tree)
        #expect(bad.status == 1 && bad.output.hasPrefix("\(dropIn):1: error: log_level: "), "\(bad.output)")
        let missing = try await home.authagent("config", "check", "--directory", tree + "/none")
        #expect(missing.status == 1 && missing.errors.contains("No such file or directory"))
        #expect(try await home.authagent("config", "check", "--nonsense").status == 2)
    }

    @Test("the audit file that an agent could not open is an error before it is one at the start")
    func auditFile() async throws {
        let home = try AgentHome()
        try home.files.directory("config/authagent")
        let settings = "audit_file = \"\(home.files.path)/none/audit.log\"\n"
        try home.files.file("config/authagent/authagent.toml", settings)
        let result = try await home.authagent("config", "check")
        #expect(
            result.status == 1 && result.output.contains("/none: error: audit_file: No such file"), "\(result.output)")
        try home.files.directory("none")
        #expect(try await home.authagent("config", "check").status == 0)
        #expect(!FileManager.default.fileExists(atPath: home.files.path + "/none/audit.log"), "it creates nothing")
    }

    @Test("a reload takes over a drop-in, and keeps the old configuration while one is broken")
    func dropIns() async throws {
        let home = try AgentHome()
        try home.files.directory("etc/authagent.toml.d")
        try await home.authagent("start")
        let rule = "[[rule]]\naccounts = [\"*\"]\nuser = \"*\"\nallow = [\"admin\"]\n"
        let path = try home.files.file("etc/authagent.toml.d/rules.toml", rule + "scopess = 1\n")
        let refused = try await home.authagent("reload")
        #expect(refused.status == 1 && refused.errors.contains("\(path):5: unknown key 'scopess'"), "\(refused.errors)")
        #expect(try await home.authagent("token", "x").status == 1, "the old configuration allows everything")
        try home.files.file("etc/authagent.toml.d/rules.toml", rule)
        #expect(try await home.authagent("reload").status == 0)
        #expect(try await home.authagent("token", "x").status == 5, "the drop-in's rule is in force")
    }

    @Test("export and import carry accounts to another home, where a running agent serves them at once")
    func transfer() async throws {
        let (old, new) = (try AgentHome(), try AgentHome())
        let key = old.files.path + "/key.pem"
        let text = "# kept\n" + Self.account + "client_key_file = \"\(key)\"\n"
        _ = try account(old, "work", text)
        let exported = try await old.authagent("export")
        #expect(exported.status == 0 && exported.output.contains("work = '''\n# kept\n"), "\(exported.output)")
        #expect(
            exported.errors.contains("authagent: note: 'work' needs \(key) (client_key_file)"), "\(exported.errors)")
        #expect(old.daemonPID == nil)
        try await new.authagent("start")
        let imported = try await new.authagent(["import", "-"], input: exported.output)
        #expect(imported.status == 0 && imported.output == "imported 'work'\n", "\(imported)")
        #expect(imported.errors.contains("which is not on this machine yet"), "\(imported.errors)")
        let status = try await new.authagent("status", "work")
        #expect(status.status == 0 && status.output.contains("https://issuer.example"), "\(status)")
        #expect(try String(contentsOfFile: new.accountFiles + "/work.toml", encoding: .utf8) == text)
        let mode = try FileManager.default.attributesOfItem(atPath: new.accountFiles + "/work.toml")[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test("an import of a file is refused where accounts exist, replaced on request, and needs no agent")
    func replace() async throws {
        let home = try AgentHome()
        let file = try account(home, "work")
        let document = home.files.path + "/accounts.toml"
        #expect(try await home.authagent("export", "work", "--output", document).status == 0)
        let kept = try await home.authagent("import", document)
        #expect(kept.status == 0 && kept.output == "unchanged 'work'\n", "\(kept)")
        try home.files.file("config/authagent/accounts/work.toml", Self.account + "# mine\n")
        let refused = try await home.authagent("import", document)
        #expect(
            refused.status == 1 && refused.errors.contains("'work' exists with other settings"), "\(refused.errors)")
        #expect(try String(contentsOfFile: file, encoding: .utf8).hasSuffix("# mine\n"))
        let replaced = try await home.authagent("import", "--replace", "--json", document)
        let report = try APIJSON.decode(ImportedAccounts.self, from: Array(replaced.output.utf8))
        #expect(replaced.status == 0 && report.replaced.map(\.description) == ["work"])
        #expect(try String(contentsOfFile: file, encoding: .utf8) == Self.account && home.daemonPID == nil)
    }

    @Test("a document with an error is named at its line, and no account of it is written")
    func brokenDocument() async throws {
        let home = try AgentHome()
        let document = try home.files.file(
            "doc", "version = 1\n[accounts]\na = '''\n\(Self.account)'''\nb = '''\nissuer = 1\n'''\n")
        let result = try await home.authagent("import", document)
        #expect(
            result.status == 1 && result.output.hasPrefix("\(document):8: error: account 'b': issuer: "), "\(result)")
        #expect(result.errors.contains("nothing was written"))
        #expect(!FileManager.default.fileExists(atPath: home.accountFiles))
        #expect(try await home.authagent("import", "/nonexistent").status == 1)
        #expect(try await home.authagent("import").status == 2)
    }
}
