import AgentAPI
import Foundation
import TestSupport
import Testing

/// The authorization code grant through the real programs, with real servers.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct CodeServerTests {
    @Test(
        "at Glewlwyd the request is pushed, the response has iss, and the login is renewed", arguments: ["app", "bank"])
    func glewlwyd(client: String) async throws {
        let code = try CodeLogin()
        var options = Glewlwyd.Options()
        options.redirectURIs = [code.redirectURI]
        let glewlwyd = try await Glewlwyd.start(options)
        try code.writeAccount(issuer: glewlwyd.issuer, clientID: client, scopes: Glewlwyd.scopes)
        let secret = ["--client-secret-file", try code.home.files.file("secret", "s3cret\n")]
        let outcome = try await code.logIn(client == "bank" ? secret : []) {
            try await glewlwyd.approve(authorizationURI: $0)
        }
        #expect(outcome.login.status == 0, "\(outcome.login.output)\(outcome.login.errors)\(code.home.log)")
        #expect(outcome.prompt.grant == .code)
        #expect(outcome.prompt.redirectURI == code.redirectURI)
        #expect(parameters(of: outcome.prompt.authorizationURI ?? "").keys.sorted() == ["client_id", "request_uri"])
        #expect(parameters(of: outcome.response)["iss"] == glewlwyd.issuer)
        #expect(outcome.page.status == 200 && outcome.page.body.contains("This tab may be closed."))
        #expect(!outcome.page.address.contains("?"), "the code stays in the address bar")

        let first = try await code.token()
        #expect(first.accessToken.split(separator: ".").count == 3, "Glewlwyd's tokens are JWTs")
        #expect(try await code.token("--renew").accessToken != first.accessToken)
        try expectSecrecy(code, outcome)
    }

    /// The code is neither shown nor logged. The state is part of the address to open, and is not logged.
    private func expectSecrecy(_ code: CodeLogin, _ outcome: CodeLogin.Outcome) throws {
        let response = parameters(of: outcome.response)
        let (value, state) = (try #require(response["code"]), try #require(response["state"]))
        #expect(!(outcome.login.output + outcome.login.errors + code.home.log).contains(value))
        #expect(!code.home.log.contains(state))
    }

    @Test("a port that Glewlwyd does not know ends at its page, and the login stays pending until it is cancelled")
    func otherPort() async throws {
        let code = try CodeLogin()
        var options = Glewlwyd.Options()
        options.redirectURIs = [try CodeLogin.freeRedirectURI()]
        let glewlwyd = try await Glewlwyd.start(options)
        try code.writeAccount(issuer: glewlwyd.issuer, scopes: Glewlwyd.scopes, "par = false")
        let login = try code.home.client(["login", "work", "--code", "--json"])
        let prompt = try #require(await code.home.prompt(of: login), "\(code.home.log)")
        let page = try await Browser().get(try #require(prompt.authorizationURI))
        #expect(page.status == 403 && page.location == nil)
        #expect(login.isRunning)
        login.signal(SIGINT)
        #expect(await login.result().status == 1)
        #expect(try await code.home.authagent("token", "work").status == 3)
    }

    @Test("Glewlwyd grants the authorization details of the account file, and keeps them at a renewal")
    func authorizationDetails() async throws {
        let code = try CodeLogin()
        var options = Glewlwyd.Options()
        options.redirectURIs = [code.redirectURI]
        let glewlwyd = try await Glewlwyd.start(options)
        let details = #"authorization_details = '[{"type":"payment","actions":["read"]}]'"#
        try code.writeAccount(issuer: glewlwyd.issuer, scopes: Glewlwyd.scopes, details)
        let outcome = try await code.logIn { try await glewlwyd.approve(authorizationURI: $0) }
        #expect(outcome.login.status == 0, "\(outcome.login.output)\(outcome.login.errors)\(code.home.log)")
        let first = try await code.token()
        #expect(first.note == nil)
        #expect(try await code.token("--renew").accessToken != first.accessToken)
    }

    @Test("a type of authorization details that Glewlwyd does not know is refused before anything is sent")
    func unknownDetails() async throws {
        let code = try CodeLogin()
        var options = Glewlwyd.Options()
        options.redirectURIs = [code.redirectURI]
        let glewlwyd = try await Glewlwyd.start(options)
        let details = #"authorization_details = '[{"type":"wire_transfer"}]'"#
        try code.writeAccount(issuer: glewlwyd.issuer, scopes: Glewlwyd.scopes, details)
        let login = try await code.home.authagent("login", "work", "--code")
        #expect(login.status != 0)
        #expect(login.errors.contains("wire_transfer"), "\(login.errors)")
    }

    @Test("canaille's responses need their iss: without it, or with another, the login stays pending")
    func canaille() async throws {
        let code = try CodeLogin()
        let canaille = try await Canaille.start(redirectURIs: [code.redirectURI])
        try code.writeAccount(issuer: canaille.issuer, scopes: ["openid", "email"])
        let outcome = try await code.logIn { address in
            let response = try await canaille.approve(address)
            let parts = response.components(separatedBy: "&iss=")
            try #require(parts.count == 2, "\(response)")
            for wrong in [parts[0], parts[0] + "&iss=https%3A%2F%2Fevil.example"] {
                #expect(try await Browser().get(wrong).status == 404)
            }
            return response
        }
        #expect(outcome.login.status == 0, "\(outcome.login.output)\(outcome.login.errors)\(code.home.log)")
        #expect(try await code.token().scope.contains("email"))
        guard case .done(let result)? = outcome.last else {
            Issue.record("\(outcome.login.output)")
            return
        }
        #expect(result.subject == "ann")
    }

    @Test("a person who denies at canaille ends the login with access_denied")
    func denied() async throws {
        let code = try CodeLogin()
        let canaille = try await Canaille.start(redirectURIs: [code.redirectURI])
        try code.writeAccount(issuer: canaille.issuer, scopes: ["openid"])
        let outcome = try await code.logIn { try await canaille.deny($0) }
        #expect(outcome.login.status == 1, "\(outcome.login.output)")
        guard case .failed(let failure)? = outcome.last else {
            Issue.record("\(outcome.login.output)")
            return
        }
        #expect(failure.code == "access_denied")
    }

    @Test("without a client id a native client is registered at canaille, and it logs in")
    func registration() async throws {
        let code = try CodeLogin()
        let canaille = try await Canaille.start(redirectURIs: ["http://127.0.0.1/other"])
        try code.writeAccount(issuer: canaille.issuer, clientID: nil, scopes: ["openid", "email"])
        let outcome = try await code.logIn { try await canaille.approve($0) }
        #expect(outcome.login.status == 0, "\(outcome.login.output)\(outcome.login.errors)\(code.home.log)")
        #expect(try await code.token().accessToken.isEmpty == false)
    }

    @Test(
        "LemonLDAP::NG, which has neither PAR nor iss and ends its issuer with a slash, gives a login that is renewed")
    func lemonLDAP() async throws {
        let code = try CodeLogin()
        let server = try await LemonLDAP.start(redirectURIs: [code.redirectURI])
        try code.writeAccount(issuer: server.issuer, scopes: ["openid", "email"])
        let outcome = try await code.logIn { try await server.approve($0) }
        #expect(outcome.login.status == 0, "\(outcome.login.output)\(outcome.login.errors)\(code.home.log)")
        let request = parameters(of: outcome.prompt.authorizationURI ?? "")
        #expect(request["response_type"] == "code" && request["code_challenge_method"] == "S256")
        #expect(request["code_challenge"]?.count == 43 && request["code_verifier"] == nil)
        #expect(parameters(of: outcome.response)["iss"] == nil)
        let first = try await code.token()
        #expect(try await code.token("--renew").accessToken != first.accessToken)
        try expectSecrecy(code, outcome)
    }
}
