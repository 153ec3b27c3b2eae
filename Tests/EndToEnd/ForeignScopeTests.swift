import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Another user who tries to exceed a rule's scopes. These tests need root.
@Suite(.timeLimit(.minutes(5)))
struct ForeignScopeTests {
    private struct Row {
        var bound: String
        var login: [String]
    }

    private func rule(_ bound: String, _ account: String) -> String {
        "[[rule]]\naccounts = [\"\(account)\"]\nuid = \(SystemAgent.backup)\nallow = [\"token\", \"id_token\", \"login\"]\n"
            + "scopes = [\"\(bound)\"]\n"
    }

    @Test("another user gets no token for a scope that only resembles one of the bound, or is an alias of it")
    func lookalikes() async throws {
        let rows = [
            Row(bound: "https://graph.example/.default", login: ["Mail.ReadWrite", "Directory.ReadWrite.All"]),
            Row(
                bound: "https://graph.example/.default",
                login: ["Mail.ReadWrite", "https://vault.example/user_impersonation"]),
            Row(bound: "https://files.example/read", login: ["read"]),
            Row(bound: "https://mail.example/x/admin", login: ["admin"]), Row(bound: "read", login: ["READ"]),
        ]
        let system = try await SystemAgent()
        try system.configure(rows.enumerated().map { rule($1.bound, "a\($0)") }.joined())
        let issuer = try await DemoIssuer.start(DemoIssuer.Configuration())
        let daemon = try await system.serve()
        for (index, row) in rows.enumerated() {
            let account = "a\(index)"
            try await system.logIn(account, issuer, scopes: row.login)
            for options in [
                [], ["--scope", row.login[0]], ["--resource", "https://vault.example/"], ["--audience", "x"],
            ] {
                let result = try await system.start(
                    SystemAgent.backup, "authagent", ["token", account, "--json"] + options
                ).result()
                #expect(result.status != 0, "\(row) \(options)")
                #expect(!result.output.contains("access_token"), "\(row) \(options)")
            }
            let login = try await system.client(SystemAgent.backup, "login", account, "--json")
            #expect(
                login.status == 5 && login.output.contains("which the rules do not allow"),
                "\(login.output)\(login.errors)")
        }
        #expect(issuer.refreshCount == 0, "no request to the provider")
        _ = daemon
    }

    @Test(
        "if the provider omits scope, another user gets no token without believe_omitted_scope")
    func silence() async throws {
        let system = try await SystemAgent()
        try system.configure(rule("read", "work"))
        let issuer = try await DemoIssuer.start(DemoIssuer.Configuration())
        let daemon = try await system.serve()
        try await system.logIn("work", issuer, scopes: ["read", "admin"])
        issuer.enqueue(
            .token, .reply(status: 200, body: #"{"access_token":"wide","token_type":"Bearer","expires_in":3600}"#))
        for options in [[], ["--scope", "read"]] {
            let result = try await system.start(
                SystemAgent.backup, "authagent", ["token", "work", "--json"] + options
            ).result()
            #expect(result.status == 5, "\(result.output)")
            #expect(result.errors.contains("does not say which scopes the token has"), "\(result.errors)")
            #expect(result.errors.contains("'believe_omitted_scope = true'"))
            #expect(result.output.isEmpty)
        }
        let file = system.path + "/config/authagent/accounts/work.toml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try (text + "believe_omitted_scope = true\n").write(toFile: file, atomically: false, encoding: .utf8)
        #expect(try await system.client(0, "reload").status == 0)
        let believed = try await system.client(SystemAgent.backup, "token", "work", "--scope", "read")
        #expect(believed.status == 0, "\(believed.errors)")
        _ = daemon
    }
}
