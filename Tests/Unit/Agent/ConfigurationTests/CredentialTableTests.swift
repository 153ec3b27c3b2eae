import AgentAPI
import Configuration
import Policy
import TestSupport
import Testing

/// `[[credential]]` in `authagent.toml`.
struct CredentialTableTests {
    @Test("a credential is read as written; the machine's rules come first")
    func credential() throws {
        let settings = try DaemonSettings.load(
            user: """
                [[credential]]
                unit = "own.service"
                credential = "*"
                account = "home"
                """,
            system: """
                [[credential]]
                unit = "backup@*.service"
                credential = "api-token"
                account = "work"
                scopes = ["b", "a"]
                what = "header"
                """)
        #expect(settings.credentials.map(\.account.description) == ["work", "home"])
        let rule = try #require(settings.credentials.first)
        #expect(rule.unit == Glob("backup@*.service") && rule.credential == Glob("api-token"))
        #expect(rule.target == (try TokenTarget(scopes: ["a", "b"])) && rule.what == .header)
        let rules = CredentialRules(settings.credentials)
        #expect(rules.first(unit: "backup@1.service", credential: "api-token")?.number == 1)
        #expect(rules.first(unit: "own.service", credential: "x")?.rule.what == .accessToken)
        #expect(rules.first(unit: "backup@1.service", credential: "x") == nil)
    }

    @Test(
        "what cannot be intended is refused with its line and a remedy",
        arguments: [
            "unit = \"backup\"", "unit = \"a/b.service\"", "credential = \"a/b\"", "credential = \"\"",
            "credential = \"a:b\"", "account = \"-x\"", "what = \"env\"", "scopes = []", "scopes = [\"a b\"]",
            "what = \"id_token\"\nscopes = [\"a\"]", "audience = \"x\"", "min_valid = 5",
        ])
    func mistakes(text: String) throws {
        let key = text.prefix { $0 != " " }
        let others = ["unit = \"backup.service\"", "credential = \"api\"", "account = \"work\""].filter {
            !$0.hasPrefix(key)
        }
        let file = (["[[credential]]"] + others + [text]).joined(separator: "\n")
        let error = #expect(throws: ConfigurationError.self) { try DaemonSettings.load(user: file) }
        #expect(
            error?.line.map { $0 > others.count + 1 } == true && error?.hint.isEmpty == false,
            "\(error?.description ?? "")")
    }

    @Test("unit, credential and account are required", arguments: ["unit", "credential", "account"])
    func missing(key: String) throws {
        let all = ["unit = \"backup.service\"", "credential = \"api\"", "account = \"work\""]
        let file = (["[[credential]]"] + all.filter { !$0.hasPrefix(key) }).joined(separator: "\n")
        let error = #expect(throws: ConfigurationError.self) { try DaemonSettings.load(user: file) }
        #expect(error?.problem == "\(key): it is missing" && error?.line == 1)
    }
}
