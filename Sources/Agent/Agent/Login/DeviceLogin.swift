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
    private var time: any Time { context.time }

    func run() async throws(LoginError) -> GrantedLogin {
        let begun: Begun
        do throws(OAuthFailure) { begun = try await begin() } catch { throw .oauth(error) }
        var (server, otherwise) = (begun.server, begun.otherwise)
        var polling = LoginPolling(begun.authorization, now: time.now)
        context.report(.prompt(prompt(begun.authorization), deadline: polling.deadline))
        var isCodeKnown = false
        while true {
            do { try await time.sleep(until: min(polling.nextPoll, polling.deadline)) } catch { throw .cancelled }
            guard polling.nextPoll < polling.deadline else { throw .expired }
            let requestedAt = time.now
            var reply = await server.poll(begun.authorization.deviceCode, proofKey: begun.proofKey)
            if Task.isCancelled {
                guard case .granted = reply else { throw .cancelled }
            }
            if case .refused(let error) = reply, error.refusesClient, let other = otherwise {
                (server, otherwise) = (other, nil)
                reply = .pending(interval: nil)
            }
            switch polling.received(reply, at: time.now) {
            case .wait:
                isCodeKnown = true
                context.report(.answered)
            case .slowed(let interval):
                isCodeKnown = true
                context.report(.slowed(interval: interval))
            case .retrying(let detail): context.report(.retrying(detail: detail))
            case .granted(let grant):
                let isUsual = server.client.authentication == context.server.client.authentication
                return GrantedLogin(
                    grant: grant, requestedAt: requestedAt,
                    authentication: isUsual ? nil : server.client.authentication)
            case .failed("invalid_grant", let detail) where !isCodeKnown: throw .codeUnknown(detail: detail)
            case .failed(let code, let detail): throw .refused(code: code, detail: detail)
            case .expired: throw .expired
            }
        }
    }

    private func prompt(_ authorization: DeviceAuthorization) -> LoginPrompt {
        LoginPrompt(
            grant: .device, userCode: authorization.userCode, verificationURI: authorization.verificationURI,
            verificationURIComplete: authorization.verificationURIComplete, expiresIn: 0,
            interval: authorization.interval)
    }

    /// A device authorization that waits for approval.
    private struct Begun {
        var authorization: DeviceAuthorization
        var proofKey: ProofKey?
        /// The server with the client authentication that has worked so far, and the fallback that is left.
        var server: AuthorizationServer
        var otherwise: AuthorizationServer?
    }

    /// Requests a device code. Unlike a refresh, this request can be repeated without loss.
    private func begin() async throws(OAuthFailure) -> Begun {
        do throws(OAuthFailure) {
            let (authorization, proofKey) = try await authorize(context.server)
            return Begun(
                authorization: authorization, proofKey: proofKey, server: context.server, otherwise: context.otherwise)
        } catch {
            guard case .provider(let refusal) = error, refusal.refusesClient, let otherwise = context.otherwise else {
                throw error
            }
            let (authorization, proofKey) = try await authorize(otherwise)
            return Begun(authorization: authorization, proofKey: proofKey, server: otherwise, otherwise: nil)
        }
    }

    /// Requests a code; again with a proof key if the server requires PKCE. The key lives as long as the login.
    private func authorize(
        _ server: AuthorizationServer
    ) async throws(OAuthFailure) -> (DeviceAuthorization, ProofKey?) {
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
            acrValues: context.demands.acrValues, maxAge: context.demands.maxAge, claims: context.demands.claims,
            proofKey: proofKey)
    }
}
