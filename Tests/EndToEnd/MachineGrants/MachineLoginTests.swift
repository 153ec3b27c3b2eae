import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// `login` and `logout` of accounts without a person, with the real programs.
@Suite(.timeLimit(.minutes(5)))
struct MachineLoginTests {
    private func file(_ demo: DemoMachines, _ account: String) throws -> String {
        try String(contentsOfFile: "\(demo.home.accountFiles)/\(account).toml", encoding: .utf8)
    }

    private func options(_ demo: DemoMachines) -> [String] {
        ["--issuer", demo.issuer.issuer, "--client-id", "server", "--store", "memory"]
    }

    @Test("login tries the grant once, says what was granted, and writes an account that needs no login")
    func login() async throws {
        let demo = try await DemoMachines()
        let result = try await demo.home.authagent(
            ["login", "service", "--grant", "client_credentials", "--scope", "read"] + options(demo)
                + ["--client-secret-file", demo.machines.secretFile])
        #expect(result.status == 0, "\(result.output)\(result.errors)\(demo.home.log)")
        #expect(result.output.contains("read"), "\(result.output)")
        #expect(demo.issuer.count(.clientCredentials) == 1)
        #expect(try file(demo, "service").contains("grant = \"client_credentials\""))
        #expect(try await demo.machines.token("service").scope == "read")
        #expect(demo.issuer.count(.clientCredentials) == 1, "its token is the one that login got")
    }

    @Test("a login that the provider refuses writes no account file")
    func refusedLogin() async throws {
        let demo = try await DemoMachines()
        demo.issuer.changeMachines { $0.error = "invalid_client" }
        let result = try await demo.home.authagent(
            ["login", "service", "--grant", "client_credentials"] + options(demo)
                + ["--client-secret-file", demo.machines.secretFile])
        #expect(result.status == 1, "\(result.output)\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: "\(demo.home.accountFiles)/service.toml"))
    }

    @Test("logout revokes and forgets token and stored secret; a secret in a file gives a new token afterwards")
    func logout() async throws {
        let demo = try await DemoMachines()
        let login = try await demo.home.authagent(
            ["login", "stored", "--grant", "client_credentials"] + options(demo)
                + ["--client-secret-file", demo.machines.secretFile])
        try #require(login.status == 0, "\(login.errors)")
        try demo.writeService("filed")
        #expect(try await demo.home.authagent("reload").status == 0)
        let tokens = try await ["stored", "filed"].asyncMap { try await demo.machines.token($0).accessToken }
        for account in ["stored", "filed"] {
            let logout = try await demo.home.authagent("logout", account)
            #expect(logout.output.contains("revoked at the provider"), "\(logout.output)\(logout.errors)")
        }
        #expect(demo.issuer.revokedTokens.isSuperset(of: tokens))
        #expect(try await demo.machines.token("filed").accessToken != tokens[1])
        let stored = try await demo.home.authagent("token", "stored")
        #expect(stored.status == 1 && stored.output.isEmpty, "\(stored.errors)")
        #expect(try await demo.machines.problem("stored").code == .configurationError)
    }

    @Test(
        "a new account that signs has the issuer as audience; a file without the key keeps the endpoint"
    )
    func audience() async throws {
        let key = try TestKeys.p256WithSet()
        let demo = try await DemoMachines { configuration in
            configuration.authMethods = ["private_key_jwt"]
            configuration.requiresAssertions = true
            configuration.clientKeySet = key.set
        }
        let keyFile = try demo.home.files.file("key.pem", key.file)
        func login(_ account: String, _ more: String...) async throws -> String? {
            let result = try await demo.home.authagent(
                ["login", account, "--grant", "client_credentials", "--client-key-file", keyFile] + options(demo) + more
            )
            #expect(result.status == 0, "\(account): \(result.output)\(result.errors)")
            let assertion = demo.issuer.log.last { $0.form["client_assertion"] != nil }?.form["client_assertion"]
            return try assertion.flatMap { try claims(of: $0)["aud"] as? String }
        }
        #expect(try await login("new") == demo.issuer.issuer)
        #expect(try file(demo, "new").contains("assertion_audience = \"issuer\""))
        #expect(try await login("chosen", "--assertion-audience", "token_endpoint") == demo.issuer.issuer + "/token")
        try demo.machines.write(
            "old", issuer: demo.issuer.issuer, "grant = \"client_credentials\"", "client_key_file = \"\(keyFile)\"")
        #expect(try await login("old") == demo.issuer.issuer + "/token")
        #expect(try !file(demo, "old").contains("assertion_audience"))
    }

    private func claims(of token: String) throws -> [String: Any] {
        let payload = try #require(token.split(separator: ".").dropFirst().first)
        let plain = payload.replacing("-", with: "+").replacing("_", with: "/")
        let data = try #require(Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.count % 4) % 4)))
        return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
