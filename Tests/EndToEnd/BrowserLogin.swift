import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// A demo issuer with the authorization code grant, and logins by it.
struct BrowserLogin {
    let demo: DemoLogin

    var home: AgentHome { demo.home }
    var issuer: DemoIssuer { demo.issuer }

    init(
        changes: [String: String] = [:], _ change: (inout DemoIssuer.Configuration) -> Void = { _ in }
    ) async throws {
        var configuration = DemoIssuer.Configuration()
        configuration.code = DemoIssuer.CodeRules()
        configuration.hasDevice = false
        change(&configuration)
        demo = try await DemoLogin(configuration, changes: changes, scopes: ["openid", "mail"])
    }

    /// Starts a login whose events the test reads.
    func start(_ options: [String] = []) async throws -> (login: ChildProcess, prompt: LoginPrompt) {
        let login = try home.client(["login", "work", "--code", "--json"] + demo.options + options)
        let prompt = try #require(await home.prompt(of: login), "\(login.errorsSoFar)\(home.log)")
        return (login, prompt)
    }

    /// Starts a login at a terminal, and waits until it shows its address.
    func startAtTerminal(_ options: [String] = []) async throws -> (terminal: PseudoTerminal, address: String) {
        let terminal = try terminal(["login", "work", "--code"] + demo.options + options)
        return (terminal, try await address(at: terminal))
    }

    /// Runs the client at a terminal.
    func terminal(_ arguments: [String]) throws -> PseudoTerminal {
        try PseudoTerminal(try home.program("authagent"), arguments, environment: home.environment)
    }

    /// The address on the screen of a login that takes a pasted one.
    func address(at terminal: PseudoTerminal) async throws -> String {
        await terminal.shows("Ctrl-C cancels\npaste: ")
        return try #require(
            terminal.screen.split(separator: "\n").map(String.init).first { $0.hasPrefix(issuer.issuer) })
    }

    /// What the browser ends at after the person has approved.
    func approve(_ address: String?) async throws -> String {
        let address = try #require(address)
        return try #require(await issuer.authorize(address), "the issuer shows an error page")
    }

    func token() async throws -> Int32 { try await home.authagent("token", "work").status }
}
