import AgentAPI
import Foundation
import TestSupport
import Testing

/// CIBA in poll mode through the real programs, with a real server: Glewlwyd, whose user approves as its pages do.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct CIBAServerTests {
    /// Glewlwyd's hint is an object, as no other server's is.
    private static let hint = #"{"username":"admin"}"#

    private func login(_ glewlwyd: Glewlwyd, _ home: AgentHome, hint: String = hint) throws -> ChildProcess {
        let options =
            [
                "--issuer", glewlwyd.issuer, "--client-id", "bank", "--client-secret-file",
                try home.files.file("secret", "s3cret\n"), "--store", "memory",
            ] + Glewlwyd.scopeOptions
        return try home.client(["login", "work", "--ciba", "--login-hint", hint, "--json"] + options)
    }

    @Test("the words of the prompt are those on the phone, and its approval is the login")
    func approved() async throws {
        let glewlwyd = try await Glewlwyd.start()
        let home = try AgentHome()
        let login = try login(glewlwyd, home)
        let prompt = try #require(await home.prompt(of: login), "\(login.errorsSoFar)\(home.log)")
        #expect(prompt.grant == .ciba)
        try await glewlwyd.approvePush(try #require(prompt.bindingMessage))
        let result = await login.result()
        #expect(result.status == 0, "\(result.output)\(result.errors)\(home.log)")
        #expect(try await home.authagent("token", "work").lines.first?.split(separator: ".").count == 3)
        #expect(!(result.output + result.errors + home.log).contains("auth_req_id"))
    }

    @Test("a person who cancels on the phone ends the login with access_denied")
    func denied() async throws {
        let glewlwyd = try await Glewlwyd.start()
        let home = try AgentHome()
        let login = try login(glewlwyd, home)
        let prompt = try #require(await home.prompt(of: login), "\(login.errorsSoFar)\(home.log)")
        try await glewlwyd.denyPush(try #require(prompt.bindingMessage))
        let result = await login.result()
        #expect(result.status == 1)
        let last = try #require(result.lines.last)
        guard case .failed(let failure) = try APIJSON.decode(LoginEvent.self, from: last.utf8) else {
            Issue.record("\(result.output)")
            return
        }
        #expect(failure.code == "access_denied")
    }

    @Test("a hint that Glewlwyd does not know is refused at once, and nothing is asked of a phone")
    func unknownPerson() async throws {
        let glewlwyd = try await Glewlwyd.start()
        let home = try AgentHome()
        let result = await (try login(glewlwyd, home, hint: "me@example.com")).result()
        #expect(result.status == 1, "\(result.output)\(result.errors)")
        let status = try await home.authagent("status", "--json")
        #expect(try APIJSON.decode(StatusReport.self, from: status.output.utf8).accounts.isEmpty)
    }
}
