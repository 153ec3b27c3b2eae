import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Rules, audit, sinks, helpers and `exec` for accounts without a person: as for a login.
@Suite(.timeLimit(.minutes(5)))
struct MachineAccessTests {
    private func machines() async throws -> DemoMachines {
        let demo = try await DemoMachines(changes: ["XDG_RUNTIME_DIR": ""])
        try demo.writeService()
        try demo.writeExchange("derived", of: "service", "urls = [\"https://api.example/\"]")
        return demo
    }

    @Test("a rule for the derived account is enough, and gives nothing of its subject; the audit has both")
    func rule() async throws {
        let demo = try await machines()
        let audit = try demo.home.files.directory("audit") + "/audit.log"
        try demo.machines.configure(
            """
            audit_file = "\(audit)"
            [[rule]]
            accounts = ["derived"]
            uid = \(getuid())
            allow = ["token"]
            [[rule]]
            accounts = ["service"]
            uid = \(getuid())
            allow = []
            """)
        _ = try await demo.machines.token("derived")
        let refused = try await demo.home.authagent("token", "service")
        #expect(refused.status == 5 && refused.output.isEmpty, "\(refused.errors)")
        func lines() -> [[String: Any]] {
            ((try? String(contentsOfFile: audit, encoding: .utf8)) ?? "").split(separator: "\n").compactMap {
                try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
        }
        await eventually { lines().count >= 2 }
        let decisions = lines().map { "\($0["account"] ?? "") \($0["permission"] ?? "") \($0["decision"] ?? "")" }
        #expect(decisions == ["derived token allowed", "service token refused"], "\(decisions)")
    }

    @Test("other users get the derived token by their rule, and see nothing of the subject, not even its name")
    func otherUsers() async throws {
        let issuer = try await DemoIssuer.start(Self.configuration)
        let agent = try SystemAgentAccounts(try await SystemAgent())
        let secret = try agent.write("secret", "s3cret\n")
        let client = "client_id = \"server\"\nclient_secret_file = \"\(secret)\"\nstore = \"memory\"\n"
        let head = "issuer = \"\(issuer.issuer)\"\n" + client
        try agent.write("authagent/accounts/hidden-subject.toml", head + "grant = \"client_credentials\"\n")
        try agent.write(
            "authagent/accounts/derived.toml",
            head + "grant = \"token_exchange\"\nsubject_account = \"hidden-subject\"\n")
        try agent.system.configure(
            "[[rule]]\naccounts = [\"derived\"]\nuid = \(SystemAgent.backup)\nallow = [\"token\", \"status\"]\n")
        let daemon = try await agent.system.serve()
        let token = try await agent.system.client(SystemAgent.backup, "token", "derived")
        #expect(token.status == 0, "\(token.errors)")
        for command in [["status", "--json"], ["status", "derived"], ["token", "derived", "--json"]] {
            let seen = try await agent.system.start(SystemAgent.backup, "authagent", command).result()
            #expect(!(seen.output + seen.errors).contains("hidden-subject"), "\(command): \(seen.output)\(seen.errors)")
        }
        let refused = try await agent.system.client(SystemAgent.backup, "token", "hidden-subject")
        #expect(refused.status != 0 && refused.output.isEmpty)
        issuer.changeMachines { $0.error = "invalid_grant" }
        let failed = try await agent.system.client(SystemAgent.backup, "token", "derived", "--renew")
        #expect(!failed.errors.contains("hidden-subject"), "\(failed.errors)")
        #expect(daemon.isRunning)
    }

    private static var configuration: DemoIssuer.Configuration {
        var configuration = DemoIssuer.Configuration()
        configuration.machines = DemoIssuer.MachineRules()
        return configuration
    }

    @Test("a sink holds the derived token, and loses it with its subject's logout")
    func sink() async throws {
        let demo = try await machines()
        let path = try demo.home.files.directory("run/place") + "/token"
        let added = try await demo.home.authagent("sink", "add", "derived", "--path", path)
        #expect(added.status == 0, "\(added.errors)")
        let token = try await demo.home.authagent("token", "derived").output.dropLast()
        #expect(try String(contentsOfFile: path, encoding: .utf8) == String(token))
        #expect(try await demo.home.authagent("logout", "service").status == 0)
        await eventually("the old token stays in the sink") {
            (try? String(contentsOfFile: path, encoding: .utf8)) != String(token)
        }
    }

    @Test("helpers, URLs and exec give a program the derived token")
    func programs() async throws {
        let demo = try await machines()
        let token = try await demo.home.authagent("token", "derived").output.dropLast()
        #expect(try await demo.home.authagent("url", "https://api.example/x").output.contains("derived"))
        let git = try await demo.home.authagent(
            "helper", "git", "get", input: "protocol=https\nhost=api.example\npath=r.git\n\n")
        #expect(git.output.contains("password=\(token)"), "\(git.output)\(git.errors)")
        let exec = try await demo.home.authagent(
            "exec", "derived", "--env", "TOKEN", "--", "/bin/sh", "-c", "echo $TOKEN")
        #expect(exec.output == token + "\n", "\(exec.errors)")
    }

    @Test("a token is renewed ahead of its end while it is in use, by the same request")
    func ahead() async throws {
        let demo = try await DemoMachines { $0.accessTokenLifetime = 4 }
        try demo.writeService()
        let first = try await demo.machines.token("service")
        try await eventually("it is not renewed") {
            try await demo.machines.token("service").accessToken != first.accessToken
        }
        #expect(demo.issuer.count(.clientCredentials) >= 2 && demo.issuer.refreshCount == 0)
    }
}

/// Files of a system agent's own user.
private struct SystemAgentAccounts {
    let system: SystemAgent

    init(_ system: SystemAgent) throws {
        self.system = system
        for directory in ["authagent", "authagent/accounts"] {
            let path = system.path + "/config/" + directory
            try #require(mkdir(path, 0o700) == 0 && chown(path, SystemAgent.agent, SystemAgent.agent) == 0)
        }
    }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let path = system.path + "/config/" + name
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        try #require(chown(path, SystemAgent.agent, SystemAgent.agent) == 0 && chmod(path, 0o600) == 0)
        return path
    }
}
