import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// The real programs against Descope's gateway, on loopback.
@Suite(.timeLimit(.minutes(5)))
struct DescopeTests {
    private func issuer(
        _ change: (inout DemoIssuer.Configuration) -> Void = { _ in }
    ) async throws -> DemoIssuer {
        var configuration = DemoIssuer.Configuration()
        configuration.descope = DemoIssuer.DescopeRules()
        configuration.rotation = .oneUse
        change(&configuration)
        return try await DemoIssuer.start(configuration)
    }

    private func options(_ issuer: DemoIssuer, provider: String = "descope") -> [String] {
        let project = DemoIssuer.DescopeRules().project
        return [
            "--provider", provider, "--application", project, "--issuer", issuer.descopeIssuer, "--client-id", project,
            "--store", "memory",
        ]
    }

    @Test("login, token, renewal with rotation, ID token and logout work at a gateway that accepts JSON only")
    func wholeLife() async throws {
        let issuer = try await issuer { $0.firstAccessTokenLifetime = 1 }
        let home = try AgentHome()
        let pending = #"{"access_token":"","id_token":"","error":"authorization_pending","description":"wait"}"#
        issuer.enqueue(.token, .reply(status: 400, body: pending))
        let login = try await home.login("work", options(issuer)) { issuer.approve($0) }
        #expect(login.status == 0, "\(login.output)\(login.errors)\(home.log)")
        try await eventually("the token is not renewed") {
            let token = try await home.authagent("token", "work")
            #expect(token.status == 0, "\(token.errors)\(home.log)")
            return issuer.liveRefreshTokens.count == 1 && issuer.refreshTokens.count >= 2
        }
        let idToken = try await home.authagent("token", "work", "--id-token")
        #expect(idToken.status == 0, "\(idToken.errors)")
        let status = try await home.authagent("status", "work", "--json")
        #expect(status.output.contains(#""subject":"ann""#), "\(status.output)")

        // Each request once as a form, which is refused without effect, and once as JSON.
        let requests = issuer.log.filter { [.device, .token].contains($0.endpoint) }
        #expect(requests.contains { $0.isJSON && $0.endpoint == .device })
        #expect(requests.contains { $0.isJSON && $0.form["grant_type"] == "refresh_token" })

        let logout = try await home.authagent("logout", "work")
        #expect(logout.status == 0, "\(logout.errors)")
        #expect(logout.output.contains("revoked at the provider"), "\(logout.output)")
        #expect(issuer.liveRefreshTokens.isEmpty)
        #expect(try await home.authagent("token", "work").status == 3)
        for text in [login.output, login.errors, logout.output, home.log] {
            for token in issuer.refreshTokens { #expect(!text.contains(token)) }
        }
    }

    @Test("a gateway that accepts forms gets no JSON, and a project's application has its own paths")
    func application() async throws {
        let issuer = try await issuer {
            $0.descope?.refusesForms = false
            $0.descope?.isApplication = true
            $0.firstAccessTokenLifetime = 1
        }
        let home = try AgentHome()
        let login = try await home.login("work", options(issuer, provider: "descope-app")) { issuer.approve($0) }
        #expect(login.status == 0, "\(login.output)\(login.errors)\(home.log)")
        try await eventually("the token is not renewed") {
            try await home.authagent("token", "work").status == 0 && issuer.refreshCount == 1
        }
        #expect(issuer.log.allSatisfy { !$0.isJSON })
    }

    @Test("a confidential client sends its access key; a wrong one is reported with the gateway's error")
    func accessKey() async throws {
        let issuer = try await issuer { $0.descope?.accessKey = "K2-access-key" }
        let home = try AgentHome()
        for (key, status) in [("K2-access-key", Int32(0)), ("K3-another-key", 1)] {
            let file = try home.files.file("key-\(status)", key)
            let login = try await home.login("work\(status)", options(issuer) + ["--client-secret-file", file]) {
                issuer.approve($0)
            }
            #expect(login.status == status, "\(login.output)\(login.errors)")
            #expect(!login.output.contains(key) && !login.errors.contains(key))
            if status != 0 { #expect(login.errors.contains("the client is not known"), "\(login.errors)") }
        }
    }

    @Test("a login that the gateway has ended is reported after a renewal")
    func ended() async throws {
        let issuer = try await issuer { $0.firstAccessTokenLifetime = 1 }
        let home = try AgentHome()
        let login = try await home.login("work", options(issuer)) { issuer.approve($0) }
        #expect(login.status == 0, "\(login.errors)")
        let dead = #"{"access_token":"","refresh_token":"","error":"invalid_grant","description":"revoked"}"#
        issuer.always(.token, .reply(status: 400, body: dead))
        try await eventually("the login does not end") { try await home.authagent("token", "work").status == 3 }
    }
}
