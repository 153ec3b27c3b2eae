import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The replies to another user with all permissions but `admin`. This test needs root.
@Suite(.timeLimit(.minutes(5)))
struct StrangerTests {
    @Test("only the owner's commands show paths of the owner and texts of the provider")
    func canaries() async throws {
        let (place, text) = ("owners-private-place", "db7.corp.example")
        let system = try await SystemAgent()
        try system.configure(
            "[[rule]]\naccounts = [\"*\"]\nuid = \(SystemAgent.backup)\n"
                + "allow = [\"token\", \"id_token\", \"status\", \"login\", \"logout\"]\n")
        let issuer = try await DemoIssuer.start(DemoIssuer.Configuration())
        let daemon = try await system.serve()
        try await system.logIn("work", issuer)
        try await system.logIn("lost", issuer)
        let file = system.path + "/config/authagent/accounts/lost.toml"
        let settings = try String(contentsOfFile: file, encoding: .utf8)
        try (settings + "client_secret_file = \"/no/\(place)/secret-of-lost\"\n")
            .write(toFile: file, atomically: false, encoding: .utf8)
        #expect(try await system.client(0, "reload").status == 0)

        let refusal = DemoIssuer.Fault.reply(
            status: 400, body: #"{"error":"\#(text)_code","error_description":"internal: host \#(text) user svc"}"#)
        func say(_ user: UInt32) async throws -> String {
            var said = ""
            for account in ["work", "lost"] {
                for command in [
                    ["inspect", account, "--introspect", "--json"], ["status", account, "--json"],
                    ["status", "--json"],
                    ["token", account, "--json", "--min-valid", "86400"], ["token", account, "--id-token"],
                    ["token", account, "--scope", "x"], ["status"], ["inspect", account],
                    ["login", account, "--json"],
                ] {
                    for endpoint in [DemoIssuer.Endpoint.device, .token] {
                        issuer.enqueue(endpoint, refusal)
                    }
                    let result = try await system.start(user, "authagent", command).result()
                    said += "\(command) \(result.status): \(result.output)\(result.errors)\n"
                }
            }
            return said
        }
        let theirs = try await say(SystemAgent.backup)
        #expect(!theirs.contains(place) && !theirs.contains("db7"), "\(theirs)")
        #expect(theirs.contains("\"introspection\""))
        let own = try await say(0)
        #expect(own.contains(place) && own.contains(text), "\(own)")

        let given = try await ChildProcess.run(
            try MissingProgram.require("setpriv", package: "util-linux"),
            [
                "--reuid=\(SystemAgent.backup)", "--regid=\(SystemAgent.backup)", "--groups=\(system.group.id)",
                try MissingProgram.require("curl", package: "curl"), "-sS", "--unix-socket", system.socket, "-d",
                #"{"token":"x"}"#, "-H", "Content-Type: application/json", "http://localhost/v1/accounts/work/inspect",
            ])
        #expect(given.output.contains("token_not_allowed"), "\(given.output)\(given.errors)")
        _ = daemon
    }
}
