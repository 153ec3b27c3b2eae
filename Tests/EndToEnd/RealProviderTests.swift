import AgentAPI
import Foundation
import TestSupport
import Testing

/// The three programs with a real server (Glewlwyd) and a real gnome-keyring.
@Suite(.serialized)
struct RealProviderTests {
    @Test("login, token, restart, token and logout work with a real server and a real keyring")
    func wholeLife() async throws {
        let keyring = try await PrivateKeyring()
        let glewlwyd = try await Glewlwyd.start()
        let home = try AgentHome(keyring: keyring)

        let login = try await home.login(
            "work", ["--issuer", glewlwyd.issuer, "--client-id", "tv"] + Glewlwyd.scopeOptions
        ) { try await glewlwyd.approve($0, client: "tv") }
        #expect(login.status == 0, "\(login.output)\(login.errors)\(home.log)")
        #expect(try await keyring.labels().contains { $0.contains("authagent: work (\(glewlwyd.issuer))") })

        let first = try await home.authagent("token", "work")
        #expect(first.status == 0)
        #expect(first.lines.first?.split(separator: ".").count == 3, "Glewlwyd's tokens are JWTs")

        await home.killDaemon()
        let second = try await home.authagent("token", "work")
        #expect(second.status == 0, "\(second.errors)\(home.log)")
        #expect(second.output != first.output, "the restarted agent refreshed")

        let logout = try await home.authagent("logout", "work", "--json")
        #expect(logout.status == 0)
        let reply = try APIJSON.decode(LogoutReply.self, from: try #require(logout.lines.first).utf8)
        #expect(reply.forgotten)
        // Glewlwyd answers a public client's revocation with 401: logout must report that and continue.
        #expect(!reply.revoked)
        #expect(reply.reason?.isEmpty == false)
        #expect(try await keyring.labels().allSatisfy { !$0.contains("authagent") })

        let third = try await home.authagent("token", "work")
        #expect(third.status == 3)
        #expect(third.errors.contains("authagent: error: no login for 'work'"))
        #expect(third.errors.contains("authagent: hint: run 'authagent login work'"))
    }

    // Glewlwyd ignores `scope` of a refresh. RFC 6749 §3.3 permits that if the reply names the scope.
    @Test("if a server grants more than requested, the token has a note, and the login's own is not affected")
    func otherScope() async throws {
        let keyring = try await PrivateKeyring()
        var options = Glewlwyd.Options()
        options.oneUseRefreshTokens = true
        let glewlwyd = try await Glewlwyd.start(options)
        let home = try AgentHome(keyring: keyring)
        let login = try await home.login(
            "work", ["--issuer", glewlwyd.issuer, "--client-id", "tv"] + Glewlwyd.scopeOptions
        ) { try await glewlwyd.approve($0, client: "tv") }
        #expect(login.status == 0, "\(login.output)\(login.errors)")
        func token(_ options: String...) async throws -> TokenReply {
            let result = try await home.client(["token", "work", "--json"] + options).result()
            try #require(result.status == 0, "\(result.errors)\(home.log)")
            return try APIJSON.decode(TokenReply.self, from: result.output.utf8)
        }
        let own = try await token()
        let narrow = try await token("--scope", "openid")
        #expect(Set(narrow.scope.split(separator: " ")) == Set(own.scope.split(separator: " ")))
        #expect(narrow.note == "the provider granted more scopes than requested: 'g_profile'")
        #expect(narrow.accessToken != own.accessToken)
        #expect(try await token("--scope", "openid").accessToken == narrow.accessToken, "from memory")
        #expect(try await token().accessToken == own.accessToken)
        let wider = try await home.authagent("token", "work", "--scope", "g_admin")
        #expect(wider.status == 1)
        #expect(wider.errors.contains("does not grant the scope 'g_admin'; it granted '"), "\(wider.errors)")
        await home.killDaemon()
        #expect(Set(try await token().scope.split(separator: " ")) == Set(own.scope.split(separator: " ")))
    }

    @Test("if a server does not narrow scopes, no program under a bound gets a token, whatever it requests")
    func bound() async throws {
        let keyring = try await PrivateKeyring()
        let glewlwyd = try await Glewlwyd.start()
        let home = try AgentHome(keyring: keyring)
        let login = try await home.login(
            "work", ["--issuer", glewlwyd.issuer, "--client-id", "tv"] + Glewlwyd.scopeOptions
        ) { try await glewlwyd.approve($0, client: "tv") }
        #expect(login.status == 0, "\(login.output)\(login.errors)")
        let own = try await home.authagent("token", "work")
        #expect(own.status == 0)
        try home.files.file(
            "config/authagent/authagent.toml",
            "[[rule]]\naccounts = [\"work\"]\nuid = \(getuid())\nallow = [\"token\"]\nscopes = [\"openid\"]\n")
        #expect(try await home.authagent("reload").status == 0)
        for options in [[], ["--scope", "openid"], ["--min-valid", "10"]] {
            let refused = try await home.client(["token", "work", "--json"] + options).result()
            #expect(refused.status == 5, "\(refused.output)\(refused.errors)")
            #expect(refused.errors.contains("with more scopes than the rules allow: 'g_profile'"), "\(refused.errors)")
            #expect(refused.output.isEmpty)
        }
        await home.killDaemon()
        #expect(try await home.authagent("token", "work").status == 5)
        // `believe_omitted_scope` makes no difference: the reply names the granted scopes.
        let file = home.files.path + "/config/authagent/accounts/work.toml"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try (text + "believe_omitted_scope = true\n").write(toFile: file, atomically: false, encoding: .utf8)
        #expect(try await home.authagent("reload").status == 0)
        #expect(try await home.authagent("token", "work").status == 5)
    }

    @Test("a confidential client's logout is a revocation: its refresh token is refused from then on")
    func revoked() async throws {
        let keyring = try await PrivateKeyring()
        let glewlwyd = try await Glewlwyd.start()
        let home = try AgentHome(keyring: keyring)
        let secret = try home.files.file("secret", "s3cret\n")
        let login = try await home.login(
            "srv",
            [
                "--issuer", glewlwyd.issuer, "--client-id", "server", "--client-secret-file", secret,
            ] + Glewlwyd.scopeOptions
        ) { try await glewlwyd.approve($0, client: "server") }
        #expect(login.status == 0, "\(login.output)\(login.errors)")
        let refreshToken = try #require(try await keyring.refreshToken(of: "srv"))
        let logout = try await home.authagent("logout", "srv", "--json")
        #expect(logout.output.contains(#""revoked":true"#), "\(logout.output)\(home.log)")
        #expect(
            try await glewlwyd.statusOfRefresh(refreshToken, client: "server", secret: "s3cret") == "400"
        )
        // The secret is kept for the next login, which needs no option.
        let again = try await home.login("srv") { try await glewlwyd.approve($0, client: "server") }
        #expect(again.status == 0, "\(again.output)\(again.errors)")
    }

    @Test("with one-time refresh tokens every refresh rotates, and a restart continues with the newest")
    func rotation() async throws {
        let keyring = try await PrivateKeyring()
        var options = Glewlwyd.Options()
        options.oneUseRefreshTokens = true
        options.accessTokenLifetime = 2
        let glewlwyd = try await Glewlwyd.start(options)
        let home = try AgentHome(keyring: keyring)
        let login = try await home.login(
            "work", ["--issuer", glewlwyd.issuer, "--client-id", "tv"] + Glewlwyd.scopeOptions
        ) { try await glewlwyd.approve($0, client: "tv") }
        #expect(login.status == 0, "\(login.output)\(login.errors)")

        var tokens: Set<String> = []
        try await eventually("the token is not refreshed at its expiry") {
            let token = try await home.authagent("token", "work")
            if token.status == 0 { tokens.insert(token.output) }
            return tokens.count >= 3
        }
        await home.killDaemon()
        let restarted = try await home.authagent("token", "work")
        #expect(restarted.status == 0, "\(restarted.errors)\(home.log)")
    }
}
