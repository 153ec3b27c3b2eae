internal import AgentAPI
internal import Configuration
internal import JOSE
internal import OAuth
internal import SecretMemory
internal import Vault

/// A login by the device authorization grant, from the first request to the grant (RFC 8628).
struct DeviceLogin: LoginGrant {
    let context: LoginContext

    private var settings: AccountSettings { context.settings }

    func run() async throws(LoginError) -> GrantedLogin {
        let authorization: DeviceAuthorization
        let proofKey: ProofKey?
        let login: PolledLogin
        do throws(OAuthFailure) {
            let (reply, begun) = try await context.begin { server throws(OAuthFailure) in try await authorize(server) }
            (authorization, proofKey, login) = (reply.authorization, reply.proofKey, begun)
        } catch { throw .oauth(error) }
        let polling = LoginPolling(authorization, now: context.time.now)
        context.report(.prompt(prompt(authorization), deadline: polling.deadline))
        return try await login.run(polling) { await $0.poll(authorization.deviceCode, proofKey: proofKey) }
    }

    private func prompt(_ authorization: DeviceAuthorization) -> LoginPrompt {
        LoginPrompt(
            grant: .device, userCode: authorization.userCode, verificationURI: authorization.verificationURI,
            verificationURIComplete: authorization.verificationURIComplete, expiresIn: 0,
            interval: authorization.interval)
    }

    /// Requests a code; again with a proof key if the server requires PKCE. The key lives as long as the login.
    private func authorize(
        _ server: AuthorizationServer
    ) async throws(OAuthFailure) -> (authorization: DeviceAuthorization, proofKey: ProofKey?) {
        let use = settings.dialect.proofKey
        if use != .always {
            do throws(OAuthFailure) {
                return (try await ask(server, nil), nil)
            } catch {
                guard use == .whenAsked, case .provider(let refusal) = error, ProofKey.isBlamed(in: refusal.detail)
                else { throw error }
            }
        }
        let proofKey = ProofKey(randomBytes: context.randomBytes)
        return (try await ask(server, proofKey), proofKey)
    }

    private func ask(
        _ server: AuthorizationServer, _ proofKey: ProofKey?
    ) async throws(OAuthFailure) -> DeviceAuthorization {
        try await server.authorizeDevice(
            scopes: settings.scopes, resources: settings.resources, audience: settings.audience,
            details: settings.authorizationDetails, acrValues: context.demands.acrValues,
            maxAge: context.demands.maxAge, claims: context.demands.claims, proofKey: proofKey)
    }
}
