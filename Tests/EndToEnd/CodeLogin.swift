import AgentAPI
import Foundation
import TestSupport
import Testing

/// A home whose account `work` logs in at a real server with the authorization code grant, in a browser of the test.
struct CodeLogin {
    let home: AgentHome
    /// The servers of these tests compare it exactly, so that its port is chosen before the login.
    let redirectURI: String

    init(redirectURI: String? = nil) throws {
        home = try AgentHome()
        self.redirectURI = try redirectURI ?? Self.freeRedirectURI()
    }

    static func freeRedirectURI() throws -> String { "http://127.0.0.1:\(try ServerPort.free())/callback" }

    /// Writes the account's file: its lines, and the redirect URI.
    func writeAccount(issuer: String, clientID: String? = "app", scopes: [String], _ lines: String = "") throws {
        let client = clientID.map { "client_id = \"\($0)\"\n" } ?? ""
        try home.files.directory("config/authagent/accounts")
        try home.files.file(
            "config/authagent/accounts/work.toml",
            """
            issuer = "\(issuer)"
            \(client)scopes = \(scopes)
            redirect_uri = "\(redirectURI)"
            store = "memory"
            \(lines)

            """)
    }

    /// What a login showed, where the provider sent the browser, what the browser saw there, and how the login ended.
    struct Outcome {
        let prompt: LoginPrompt
        let response: String
        let page: Browser.Page
        let login: ChildProcess.Result

        var last: LoginEvent? { login.lines.last.flatMap { try? APIJSON.decode(LoginEvent.self, from: $0.utf8) } }
    }

    /// Logs in: `person` opens the address of the prompt, and returns where the provider sends the browser.
    func logIn(
        _ options: [String] = [], browser: Browser? = nil, person: (String) async throws -> String
    ) async throws -> Outcome {
        let login = try home.client(["login", "work", "--code", "--json"] + options)
        guard let prompt = await home.prompt(of: login), let address = prompt.authorizationURI else {
            let result = await login.result()
            throw Browser.Failure(description: "no prompt: \(result.output)\(result.errors)\(home.log)")
        }
        let response = try await person(address)
        let page = try await (browser ?? Browser()).follow(response)
        return Outcome(prompt: prompt, response: response, page: page, login: await login.result())
    }

    func token(_ options: String...) async throws -> TokenReply {
        let result = try await home.authagent(["token", "work", "--json"] + options)
        try #require(result.status == 0, "\(result.errors)\(home.log)")
        return try APIJSON.decode(TokenReply.self, from: result.output.utf8)
    }
}

/// The parameters of an address, without the repeated.
func parameters(of address: String) -> [String: String] {
    let items = URLComponents(string: address)?.queryItems ?? []
    return Dictionary(items.map { ($0.name, $0.value ?? "") }) { first, _ in first }
}
