internal import AgentAPI
internal import Configuration
internal import OAuth
internal import SecretMemory
internal import Vault

/// A login that the user approves on the phone: the provider sends the question there, and the agent polls for the answer
/// (OpenID Connect CIBA Core 1.0, poll mode).
struct CibaLogin: LoginGrant {
    let context: LoginContext
    /// What the user has typed for this login, for providers that demand it.
    var userCode: SecretBytes?
    /// Called once before the question is sent. Throws if it must not be sent.
    var admit: @Sendable () async throws(LoginError) -> Void = { () throws(LoginError) in }

    private var settings: AccountSettings { context.settings }

    func run() async throws(LoginError) -> GrantedLogin {
        let request = try request()
        try checkProvider()
        try await admit()
        let authentication: BackchannelAuthentication
        let login: PolledLogin
        do throws(OAuthFailure) {
            (authentication, login) = try await context.begin { server throws(OAuthFailure) in
                try await server.authenticateBackchannel(request)
            }
        } catch {
            guard case .provider(let refusal) = error, refusal.backchannelRefusal != nil else { throw .oauth(error) }
            throw .questionRefused(refusal)
        }
        let polling = LoginPolling(authentication, now: context.time.now)
        var prompt = LoginPrompt(grant: .ciba, expiresIn: 0, interval: authentication.interval)
        prompt.bindingMessage = request.bindingMessage
        prompt.scope = request.scopes.joined(separator: " ")
        context.report(.prompt(prompt, deadline: polling.deadline))
        var granted = try await login.run(polling) { await $0.pollBackchannel(authentication.id) }
        granted.scopes = request.scopes
        return granted
    }

    private func request() throws(LoginError) -> BackchannelRequest {
        guard let hint = settings.loginHint else {
            throw .unsuitable(
                problem: "a login by CIBA needs a login hint: the provider must know whom to ask",
                hint: "give --login-hint WHO, the user as the provider knows it, such as an email address")
        }
        guard context.demands.claims == nil else {
            throw .unsuitable(
                problem: "a login by CIBA cannot demand claims",
                hint: "give --code, or --acr, which CIBA has as well")
        }
        var request = BackchannelRequest(scopes: settings.scopes(for: .ciba), hint: .login(hint))
        request.bindingMessage = BindingMessage.twoWords(randomBytes: context.randomBytes)
        request.acrValues = context.demands.acrValues
        request.userCode = userCode
        request.details = settings.authorizationDetails
        (request.resources, request.audience) = (settings.resources, settings.audience)
        return request
    }

    /// Refuses what cannot end well before anything is on the phone.
    private func checkProvider() throws(LoginError) {
        do throws(OAuthFailure) { _ = try context.server.endpoints.requiredBackchannel() } catch { throw .oauth(error) }
        guard context.server.client.authentication != .none else {
            throw .unsuitable(
                problem: "CIBA is for clients that authenticate, and this account's has neither a secret nor a key",
                hint: "give --client-secret-file FILE, or --client-key-file FILE with --client-auth private_key_jwt")
        }
    }

    /// Refuses a provider that answers in other ways only, in which it calls the client.
    static func requirePolling(_ metadata: ServerMetadata) throws(LoginError) {
        guard !metadata.allowsPolling else { return }
        throw .unsuitable(
            problem: "the provider offers CIBA, but not the mode 'poll', in which it needs no way back to the agent",
            hint: "enable the mode 'poll' at the provider, or use --device or --code")
    }
}
