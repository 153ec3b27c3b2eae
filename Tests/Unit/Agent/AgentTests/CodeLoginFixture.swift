import Agent
import AgentAPI
import Foundation
import OAuth
import Synchronization
import TestSupport
import Testing
import Vault

/// An agent whose provider has an authorization endpoint, and whose listeners are the test's.
struct CodeLoginFixture {
    let agent: AgentFixture
    let listeners: FakeRedirectListeners

    init(
        _ metadata: Metadata = Metadata(), restarting earlier: CodeLoginFixture? = nil, hooks: HookParts = .none
    ) throws {
        listeners = FakeRedirectListeners()
        agent = try AgentFixture(restarting: earlier?.agent, hooks: hooks, redirectListeners: listeners)
        agent.provider.script(.metadata, metadata.answer)
        agent.provider.script(.token, .grant(access: "a1", refresh: "r1"))
    }

    /// What the provider says of itself.
    struct Metadata {
        var hasDevice = false
        var pushed: String?
        var requiresPush = false
        var sendsIssuer: Bool? = true
        var methods: [String]? = ["S256"]
        var registers = false

        var answer: FakeProvider.Answer {
            let issuer = FakeProvider.issuer
            var members = [
                #""issuer":"\#(issuer)""#, #""authorization_endpoint":"\#(issuer)/authorize""#,
                #""token_endpoint":"\#(issuer)/token""#, #""revocation_endpoint":"\#(issuer)/revocation""#,
                #""jwks_uri":"\#(issuer)/keys""#,
            ]
            if hasDevice { members.append(#""device_authorization_endpoint":"\#(issuer)/device""#) }
            if let pushed { members.append(#""pushed_authorization_request_endpoint":"\#(issuer)/\#(pushed)""#) }
            if requiresPush { members.append(#""require_pushed_authorization_requests":true"#) }
            if let sendsIssuer {
                members.append(#""authorization_response_iss_parameter_supported":\#(sendsIssuer)"#)
            }
            if let methods {
                members.append(
                    #""code_challenge_methods_supported":[\#(methods.map { "\"\($0)\"" }.joined(separator: ","))]"#)
            }
            if registers { members.append(#""registration_endpoint":"\#(issuer)/register""#) }
            return .json(200, "{\(members.joined(separator: ","))}")
        }
    }

    var name: AccountName { agent.name }

    func login(_ change: (inout LoginSettings) -> Void = { _ in }) async throws -> EventLog {
        var settings = LoginSettings(issuer: FakeProvider.issuer, clientID: "native", scopes: ["files"])
        change(&settings)
        return try await agent.login(LoginRequest(settings: settings))
    }

    /// Starts a login, and returns it once its prompt is there.
    func pending(
        _ change: (inout LoginSettings) -> Void = { _ in }
    ) async throws -> (log: EventLog, prompt: LoginPrompt) {
        let log = try await login(change)
        return (log, try #require(await log.prompt(), "\(log.soFar)"))
    }

    /// The response of the provider to the address that a prompt shows.
    func response(
        to prompt: LoginPrompt, code: String? = "c0de", error: String? = nil, state: String? = nil,
        issuer: String? = FakeProvider.issuer, more: [URLQueryItem] = []
    ) throws -> String {
        let asked = try Self.parameters(of: prompt)
        var items = more
        if let code, error == nil { items.append(URLQueryItem(name: "code", value: code)) }
        if let error { items.append(URLQueryItem(name: "error", value: error)) }
        if let state = state ?? asked["state"], !state.isEmpty {
            items.append(URLQueryItem(name: "state", value: state))
        }
        if let issuer { items.append(URLQueryItem(name: "iss", value: issuer)) }
        var parts = URLComponents()
        parts.queryItems = items
        return try #require(parts.percentEncodedQuery)
    }

    static func parameters(of prompt: LoginPrompt) throws -> [String: String] {
        let address = try #require(prompt.authorizationURI)
        let items = try #require(URLComponents(string: address)?.queryItems)
        return Dictionary(uniqueKeysWithValues: items.map { ($0.name, $0.value ?? "") })
    }

    /// The parameters of the last request to an endpoint.
    func lastRequest(_ endpoint: FakeProvider.Endpoint) -> [String: String] {
        var parts = URLComponents()
        parts.percentEncodedQuery = agent.provider.requests(endpoint).last
        return Dictionary(uniqueKeysWithValues: (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") })
    }

    func answer(_ text: String, bareCode: Bool? = nil) async throws -> LoginResponseReply {
        try await agent.agent.answerLogin(name, LoginResponse(response: text, bareCode: bareCode))
    }

    func failure(_ log: EventLog) async -> LoginFailure? {
        guard case .failed(let failure)? = await log.events().last else { return nil }
        return failure
    }

    func isDone(_ log: EventLog) async -> Bool {
        if case .done? = await log.events().last { true } else { false }
    }
}

/// Listeners without sockets.
final class FakeRedirectListeners: RedirectListening {
    private struct State {
        var opened: [FakeRedirectListener] = []
        var failure: RedirectListenFailure?
    }

    private let state = Mutex(State())

    var opened: [FakeRedirectListener] { state.withLock { $0.opened } }

    func fail(_ failure: RedirectListenFailure) { state.withLock { $0.failure = failure } }

    func listen(
        at redirectURI: RedirectURI, for login: ListenedLogin
    ) async throws(RedirectListenFailure) -> any RedirectListener {
        let (listener, failure) = state.withLock { state in
            let listener = FakeRedirectListener(
                redirectURI, port: redirectURI.port ?? 40_000 + state.opened.count, login)
            if state.failure == nil { state.opened.append(listener) }
            return (listener, state.failure)
        }
        if let failure { throw failure }
        return listener
    }
}

final class FakeRedirectListener: RedirectListener {
    let redirectURI: RedirectURI
    let port: Int
    let login: ListenedLogin
    private let state = Mutex((target: String?.none, isClosed: false))

    init(_ redirectURI: RedirectURI, port: Int, _ login: ListenedLogin) {
        (self.redirectURI, self.port, self.login) = (redirectURI, port, login)
    }

    var shortURI: String { "http://127.0.0.1:\(port)\(login.shortPath)" }
    var target: String? { state.withLock { $0.target } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    func lead(to authorizationURI: String) { state.withLock { $0.target = authorizationURI } }
    func close() { state.withLock { $0.isClosed = true } }

    /// A browser brings a response.
    func take(_ query: String) -> RedirectVerdict { login.take(query) }

    /// A browser opens the short address, and is led to the provider's.
    func open() { if let target { login.led(target) } }
}
