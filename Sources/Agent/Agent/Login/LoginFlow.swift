internal import AgentAPI
internal import Configuration
internal import JOSE
internal import OAuth
internal import SecretMemory
internal import Vault

/// One run of the device authorization grant, from the first request to the grant (RFC 8628).
///
/// Ends when its task is cancelled. Reports progress through `report`.
struct LoginFlow {
    let server: AuthorizationServer
    /// A fallback, tried once if the server refuses the client; `nil` without another way to authenticate.
    var otherwise: AuthorizationServer?
    /// How far this machine's clock is ahead of the provider's, in seconds; `nil` if unknown.
    var clockLead: Int?
    let settings: AccountSettings
    let time: any Time
    let randomBytes: @Sendable (Int) -> [UInt8]
    let report: @Sendable (LoginProgress) -> Void

    struct Granted: Sendable {
        var grant: TokenGrant
        /// When the token request was sent; `expires_in` counts from here.
        var requestedAt: ContinuousClock.Instant
        /// The client authentication that worked, if it was the fallback.
        var authentication: ClientAuthentication?
    }

    func run() async throws(LoginError) -> Granted {
        let begun: Begun
        do throws(OAuthFailure) { begun = try await begin() } catch { throw .oauth(error) }
        var (server, otherwise) = (begun.server, begun.otherwise)
        var polling = DevicePolling(begun.authorization, now: time.now)
        report(
            .prompt(
                begun.authorization, clientID: server.client.id, deadline: polling.deadline, clockLead: clockLead))
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
                report(.answered)
            case .slowed(let interval):
                isCodeKnown = true
                report(.slowed(interval: interval))
            case .retrying(let detail): report(.retrying(detail: detail))
            case .granted(let grant):
                let isUsual = server.client.authentication == self.server.client.authentication
                return Granted(
                    grant: grant, requestedAt: requestedAt,
                    authentication: isUsual ? nil : server.client.authentication)
            case .failed("invalid_grant", let detail) where !isCodeKnown: throw .codeUnknown(detail: detail)
            case .failed(let code, let detail): throw .refused(code: code, detail: detail)
            case .expired: throw .expired
            }
        }
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
            let (authorization, proofKey) = try await authorize(server)
            return Begun(authorization: authorization, proofKey: proofKey, server: server, otherwise: otherwise)
        } catch {
            guard case .provider(let refusal) = error, refusal.refusesClient, let otherwise else { throw error }
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
        let proofKey = ProofKey(randomBytes: randomBytes)
        return (try await ask(server, proofKey), proofKey)
    }

    private func ask(
        _ server: AuthorizationServer, _ proofKey: ProofKey?
    ) async throws(OAuthFailure) -> DeviceAuthorization {
        try await server.authorizeDevice(
            scopes: settings.scopes, resources: settings.resources, audience: settings.audience, proofKey: proofKey)
    }
}

/// The progress of a login.
enum LoginProgress: Sendable {
    /// `clockLead` is how far this machine's clock is ahead of the provider's, in seconds.
    case prompt(DeviceAuthorization, clientID: String, deadline: ContinuousClock.Instant, clockLead: Int?)
    case slowed(interval: Int)
    case retrying(detail: String)
    /// The provider has answered a poll; the login is not approved yet.
    case answered
}
