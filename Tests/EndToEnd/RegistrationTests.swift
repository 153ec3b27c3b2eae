import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// Logins without a client id, with the real programs.
@Suite(.timeLimit(.minutes(5)))
struct RegistrationTests {
    private func issuer(
        _ change: (inout DemoIssuer.Registration) -> Void = { _ in }
    ) async throws -> DemoIssuer {
        var configuration = DemoIssuer.Configuration()
        var registration = DemoIssuer.Registration()
        change(&registration)
        configuration.registration = registration
        return try await DemoIssuer.start(configuration)
    }

    @Test("register, login, token, restart, logout, login, forget: one registration, and none is left")
    func wholeLife() async throws {
        let issuer = try await issuer {
            $0.requiresRedirectURI = true
            $0.deviceGrantType = "device_authorization"
            $0.authMethod = "client_secret_post"
        }
        let home = try AgentHome(keyring: try await PrivateKeyring())
        let login = try await home.login("work", ["--issuer", issuer.issuer]) { issuer.approve($0) }
        #expect(login.status == 0, "\(login.output)\(login.errors)\(home.log)")
        let client = try #require(issuer.registeredClients.first)
        #expect(issuer.log.count { $0.endpoint == .registration } == 3)
        let first = try await home.authagent("token", "work")
        #expect(first.status == 0)

        await home.killDaemon()
        let second = try await home.authagent("token", "work")
        #expect(second.status == 0, "\(second.errors)\(home.log)")

        #expect(try await home.authagent("logout", "work").output == "work: forgotten, revoked at the provider\n")
        let again = try await home.login("work") { issuer.approve($0) }
        #expect(again.status == 0, "\(again.output)\(again.errors)")
        #expect(issuer.registeredClients.keys.sorted() == [client.key])

        let forgotten = try await home.authagent("logout", "work", "--forget-client")
        #expect(forgotten.status == 0)
        #expect(
            forgotten.output == "work: forgotten, revoked at the provider, client deleted at the provider\n")
        #expect(issuer.registeredClients.isEmpty)
        #expect(try await home.authagent("token", "work").status == 3)

        let text = login.output + again.output + forgotten.output + home.log
        for secret in [client.value.secret ?? "", client.value.managementToken] {
            #expect(!secret.isEmpty && !text.contains(secret))
        }
    }

    @Test("a provider that requires an initial access token gets it from a file that only its owner can read")
    func initialToken() async throws {
        let issuer = try await issuer { $0.initialToken = "initial-token" }
        let home = try AgentHome()
        let options = ["--issuer", issuer.issuer, "--store", "memory"]
        let without = try await home.login("work", options) { issuer.approve($0) }
        #expect(without.status == 1)
        #expect(without.errors.contains("--registration-token-file FILE"), "\(without.errors)")

        let file = try home.files.file("token", "initial-token\n")
        chmod(file, 0o644)
        let open = try await home.login("work", options + ["--registration-token-file", file]) { issuer.approve($0) }
        #expect(open.status == 1)
        #expect(open.errors.contains("chmod 600"))
        chmod(file, 0o600)
        let with = try await home.login("work", options + ["--registration-token-file", file]) { issuer.approve($0) }
        #expect(with.status == 0, "\(with.output)\(with.errors)")
        #expect(issuer.registeredClients.count == 1)
        #expect(!home.log.contains("initial-token"))
    }

    @Test("an interrupted login leaves its client for the next one")
    func interrupted() async throws {
        let issuer = try await issuer()
        let home = try AgentHome(keyring: try await PrivateKeyring())
        let login = try home.client(["login", "work", "--json", "--issuer", issuer.issuer])
        _ = try #require(await home.prompt(of: login), "\(login.errorsSoFar)")
        login.signal(SIGINT)
        #expect(await login.result().status == 1)
        let again = try await home.login("work", ["--issuer", issuer.issuer]) { issuer.approve($0) }
        #expect(again.status == 0, "\(again.output)\(again.errors)")
        #expect(issuer.registeredClients.count == 1)
    }

    @Test("Ctrl-C ends the command at once although the provider hangs during the registration")
    func hangs() async throws {
        let provider = try SilentServer()
        let home = try AgentHome()
        let root = "http://127.0.0.1:\(provider.port)"
        let login = try home.client([
            "login", "work", "--issuer", root, "--registration-endpoint", root + "/register", "--device-endpoint",
            root + "/device", "--token-endpoint", root + "/token", "--store", "memory",
        ])
        await eventually("no request reaches the provider: \(login.errorsSoFar)") { provider.isAsked }
        login.signal(SIGINT)
        let result = await login.result()
        #expect(result.status == 1)
        #expect(result.errors.contains("authagent: error: the login was cancelled"), "\(result.errors)")
    }

    @Test("without registration and without a client id, login names what is missing")
    func unsupported() async throws {
        let issuer = try await DemoIssuer.start()
        let home = try AgentHome()
        let result = try await home.authagent("login", "work", "--issuer", issuer.issuer, "--store", "memory")
        #expect(result.status == 1)
        #expect(result.errors.contains("'work' has no client id, and the provider offers no registration"))
        #expect(result.errors.contains("authagent: hint: give --client-id ID"))
    }

    @Test("Glewlwyd registers the client, the login completes, and the client is deleted again")
    func glewlwyd() async throws {
        let keyring = try await PrivateKeyring()
        let glewlwyd = try await Glewlwyd.start()
        let home = try AgentHome(keyring: keyring)
        let login = try home.client(["login", "x", "--issuer", glewlwyd.issuer] + Glewlwyd.scopeOptions)
        let client = await login.line(beginning: "  client:").split(separator: " ").last.map(String.init) ?? ""
        let code = await login.line(beginning: "  enter:").split(separator: " ").last.map(String.init) ?? ""
        try await glewlwyd.approve(code, client: client)
        let result = await login.result()
        #expect(result.status == 0, "\(result.output)\(result.errors)\(home.log)")

        await home.killDaemon()
        let token = try await home.authagent("token", "x")
        #expect(token.status == 0, "\(token.errors)\(home.log)")
        let logout = try await home.authagent("logout", "x", "--forget-client", "--json")
        let reply = try APIJSON.decode(LogoutReply.self, from: logout.output.utf8)
        #expect(reply.forgotten)
        #expect(reply.clientForgotten == true, "\(logout.output)\(home.log)")
        #expect(try await keyring.labels().allSatisfy { !$0.contains("authagent") })
    }
}
