import AgentAPI
import Foundation
import TestSupport
import Testing

/// Step-up with a real server, LemonLDAP::NG: it knows authentication contexts, and does not honour `acr_values`.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct StepUpServerTests {
    private struct Login {
        let code: CodeLogin
        let server: LemonLDAP
        let browser: Browser
    }

    /// Logged in with a password, in a browser that keeps its session.
    private func loggedIn() async throws -> Login {
        let code = try CodeLogin()
        let server = try await LemonLDAP.start(redirectURIs: [code.redirectURI])
        try code.writeAccount(issuer: server.issuer, scopes: ["openid", "email"])
        let browser = try Browser()
        let outcome = try await code.logIn { try await server.approve($0, in: browser) }
        try #require(outcome.login.status == 0, "\(outcome.login.output)\(outcome.login.errors)\(code.home.log)")
        return Login(code: code, server: server, browser: browser)
    }

    @Test("a provider that ignores acr_values fails the step-up, and the login stays as it is")
    func ignored() async throws {
        let login = try await loggedIn()
        let base = try await login.code.token()
        let outcome = try await login.code.logIn(["--acr", "loa-3", "--elevate"]) {
            #expect(parameters(of: $0)["acr_values"] == "loa-3")
            return try await login.server.approve($0, in: login.browser)
        }
        #expect(outcome.login.status == 1, "\(outcome.login.output)")
        guard case .failed(let failure)? = outcome.last else {
            Issue.record("\(outcome.login.output)")
            return
        }
        #expect(failure.code == "step_up_unmet")
        #expect(failure.detail.contains("loa-1"), "\(failure)")
        #expect(try await login.code.token().accessToken == base.accessToken)
        let elevated = try await login.code.home.authagent("token", "work", "--acr", "loa-3")
        #expect(elevated.status == 3, "\(elevated.output)")
    }

    @Test("a stronger authentication is verified and kept beside the login, for requests that name it")
    func elevated() async throws {
        let login = try await loggedIn()
        let base = try await login.code.token()
        let strong = try Browser(headers: [LemonLDAP.secondFactor])
        let outcome = try await login.code.logIn(["--acr", "loa-3", "--elevate"]) {
            try await login.server.approve($0, in: strong)
        }
        #expect(outcome.login.status == 0, "\(outcome.login.output)\(outcome.login.errors)")
        let elevated = try await login.code.token("--acr", "loa-3")
        #expect(elevated.acr == "loa-3" && elevated.authTime != nil)
        #expect(elevated.accessToken != base.accessToken)
        #expect(try await login.code.token().accessToken == base.accessToken)
    }

    @Test("max_age makes LemonLDAP::NG authenticate the person again, and the new time is verified")
    func maxAge() async throws {
        let login = try await loggedIn()
        let first = try await login.code.token("--id-token")
        let outcome = try await login.code.logIn(["--max-age", "1"]) { address in
            #expect(parameters(of: address)["max_age"] == "1")
            // The page of a new authentication instead of a redirection: the session is older than a second.
            try await eventually("no new authentication is requested") {
                try await login.browser.get(address).location == nil
            }
            return try await login.server.approve(address, in: login.browser)
        }
        #expect(outcome.login.status == 0, "\(outcome.login.output)\(outcome.login.errors)\(login.code.home.log)")
        let second = try await login.code.token("--id-token")
        #expect(first.idToken != nil && second.idToken != first.idToken)
    }

    @Test("the challenge of a resource names the login command, whose login satisfies it")
    func challenge() async throws {
        let login = try await loggedIn()
        let head = """
            HTTP/1.1 401 Unauthorized\r
            WWW-Authenticate: Bearer error="insufficient_user_authentication", acr_values="loa-3"\r
            \r

            """
        let rejected = try await login.code.home.authagent(["token", "work", "--rejected"], input: head)
        #expect(rejected.status == 3, "\(rejected.output)")
        #expect(rejected.errors.contains("authagent login work --acr loa-3"), "\(rejected.errors)")
    }
}
