import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// T6: client authentication without sending a secret, with the real programs.
@Suite(.timeLimit(.minutes(5)))
struct ClientAuthenticationTests {
    /// Logs in, renews and logs out at an issuer that verifies every assertion and accepts none twice.
    private func wholeLife(
        _ configuration: DemoIssuer.Configuration, secret: String, _ options: (AgentHome) throws -> [String]
    ) async throws -> (issuer: DemoIssuer, home: AgentHome) {
        var configuration = configuration
        configuration.rotation = .oneUse
        configuration.firstAccessTokenLifetime = 1
        let issuer = try await DemoIssuer.start(configuration)
        let home = try AgentHome()
        let all = ["--issuer", issuer.issuer, "--store", "memory"] + (try options(home))
        let login = try await home.login("work", all) { issuer.approve($0) }
        try #require(login.status == 0, "\(login.output)\(login.errors)\(home.log)")
        try await eventually("the token is not renewed") {
            let renewed = try await home.authagent("token", "work")
            return renewed.status == 0 && issuer.refreshCount == 1
        }
        #expect(try await home.authagent("logout", "work").output == "work: forgotten, revoked at the provider\n")
        #expect(issuer.liveRefreshTokens.isEmpty)
        let assertions = issuer.log.compactMap { $0.form["client_assertion"] }
        #expect(Set(assertions).count == assertions.count)
        for canary in assertions + [secret] {
            #expect(!(home.log + login.output + login.errors).contains(canary))
        }
        return (issuer, home)
    }

    @Test("T6: client_secret_jwt: the secret signs the assertion, and is never sent")
    func secretJWT() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.authMethods = ["client_secret_jwt"]
        configuration.requiresAssertions = true
        configuration.assertionAlgorithms = ["HS256"]
        let (issuer, _) = try await wholeLife(configuration, secret: "s3cret") { home in
            ["--client-id", "server", "--client-secret-file", try home.files.file("secret", "s3cret\n")]
        }
        let bodies = issuer.log.filter { [.device, .token, .revocation].contains($0.endpoint) }
        #expect(bodies.count >= 4)
        #expect(bodies.allSatisfy { $0.form["client_assertion"] != nil && $0.form["client_secret"] == nil })
        #expect(bodies.allSatisfy { $0.authorization == nil })
    }

    @Test("T6: private_key_jwt: the key file signs the assertion, and its path is in the account file")
    func privateKeyJWT() async throws {
        let key = try TestKeys.p256WithSet()
        var configuration = DemoIssuer.Configuration()
        configuration.authMethods = ["client_secret_basic", "private_key_jwt"]
        configuration.requiresAssertions = true
        configuration.clientKeySet = key.set
        let (_, home) = try await wholeLife(configuration, secret: "PRIVATE KEY") { home in
            ["--client-id", "server", "--client-key-file", try home.files.file("client.pem", key.file)]
        }
        let file = try String(contentsOfFile: home.accountFiles + "/work.toml", encoding: .utf8)
        #expect(file.contains("client_key_file = \"\(home.files.path)/client.pem\""))
    }

    @Test("T6: a provider that has another key refuses the client, and the hint says what to check")
    func wrongKey() async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.authMethods = ["private_key_jwt"]
        configuration.clientKeySet = try TestKeys.p256WithSet().set
        let issuer = try await DemoIssuer.start(configuration)
        let home = try AgentHome()
        let key = try home.files.file("client.pem", try TestKeys.p256())
        let login = try await home.authagent(
            "login", "work", "--issuer", issuer.issuer, "--client-id", "server", "--store", "memory",
            "--client-key-file", key)
        #expect(login.status == 1)
        #expect(login.errors.contains("hint: check --client-id, and the client's secret or key"), "\(login.errors)")
    }

    @Test("G1, T6: a client registered for client_secret_jwt signs with the secret from the registration")
    func registered() async throws {
        var configuration = DemoIssuer.Configuration()
        var registration = DemoIssuer.Registration()
        registration.authMethod = "client_secret_jwt"
        configuration.registration = registration
        let (issuer, _) = try await wholeLife(configuration, secret: "PRIVATE KEY") { _ in [] }
        #expect(issuer.log.filter { $0.endpoint == .device }.allSatisfy { $0.form["client_assertion"] != nil })
    }

    @Test(
        "a provider that requires a proof key (PKCE) gets one, with or without an option",
        arguments: [
            [], ["--pkce"],
        ])
    func proofKey(options: [String]) async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.requiresProofKey = true
        let (issuer, home) = try await wholeLife(configuration, secret: "code_verifier") { _ in
            ["--client-id", "tv"] + options
        }
        let asked = issuer.log.filter { $0.endpoint == .device }
        #expect(asked.count == (options.isEmpty ? 2 : 1))
        let verifiers = Set(issuer.log.compactMap { $0.form["code_verifier"] })
        #expect(verifiers.count == 1)
        #expect(verifiers.allSatisfy { !home.log.contains($0) })
    }
}
