import AgentAPI
import DemoIssuer
import Foundation
import TestSupport
import Testing

/// A demo issuer without device codes, and a home whose logins are in memory or in a keyring.
struct CodeGrantPlace {
    let issuer: DemoIssuer
    let home: AgentHome
    private let store: String

    init(
        keyring: (any SessionKeyring)? = nil, _ change: (inout DemoIssuer.CodeRules) -> Void = { _ in }
    ) async throws {
        var configuration = DemoIssuer.Configuration()
        var rules = DemoIssuer.CodeRules()
        change(&rules)
        configuration.code = rules
        configuration.hasDevice = false
        issuer = try await DemoIssuer.start(configuration)
        home = try AgentHome(keyring: keyring)
        store = keyring == nil ? "memory" : "keyring"
    }

    var options: [String] {
        ["--issuer", issuer.issuer, "--client-id", "tv", "--store", store, "--scope", "openid", "--json"]
    }

    /// Starts a login, and returns it with its prompt.
    func pending(_ account: String = "work", _ more: [String] = []) async throws -> (ChildProcess, LoginPrompt) {
        let login = try home.client(["login", account] + options + more)
        guard let prompt = await home.prompt(of: login) else {
            let result = await login.result()
            throw Browser.Failure(description: "no prompt: \(result.output)\(result.errors)\(home.log)")
        }
        return (login, prompt)
    }

    /// Approves as the person does, and returns where the browser is sent, which is not requested yet.
    func approve(_ prompt: LoginPrompt) async throws -> String {
        let address = try #require(prompt.authorizationURI)
        return try #require(await issuer.authorize(address))
    }

    func open(_ address: String) async throws -> Browser.Page { try await Browser().get(address) }

    func isRefused(_ address: String) async throws -> Bool { try await Browser().isRefused(address) }

    /// Hands a response over as a client does.
    func handOver(_ response: String, to account: String = "work") async throws -> (status: Int, reply: String) {
        let body = APIJSON.text(fixed: LoginResponse(response: response))
        let result = try await ChildProcess.run(
            "/usr/bin/curl",
            [
                "-sS", "--max-time", "30", "--unix-socket", home.socket, "-H", "Content-Type: application/json",
                "-w", "\n%{http_code}", "--data-binary", "@-",
                "http://localhost/v1/accounts/\(account)/login/response",
            ], input: body)
        let lines = result.output.split(separator: "\n")
        return (lines.last.flatMap { Int($0) } ?? 0, lines.dropLast().joined(separator: "\n"))
    }

    func last(_ result: ChildProcess.Result) -> LoginEvent? {
        result.lines.last.flatMap { try? APIJSON.decode(LoginEvent.self, from: $0.utf8) }
    }

    func failure(_ result: ChildProcess.Result) -> LoginFailure? {
        if case .failed(let failure)? = last(result) { failure } else { nil }
    }
}
