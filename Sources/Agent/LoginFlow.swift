internal import Accounts
internal import AgentAPI
internal import ClientKeys
internal import OAuth
internal import SecretMemory
internal import Vault

/// One run of the device authorization grant, from the first request to the grant (RFC 8628).
///
/// Ends when its task is cancelled; tells what happens through `report`.
struct LoginFlow {
    let server: AuthorizationServer
    let settings: AccountSettings
    let time: any Time
    let randomBytes: @Sendable (Int) -> [UInt8]
    let report: @Sendable (LoginProgress) -> Void

    struct Granted: Sendable {
        var grant: TokenGrant
        /// When the request that brought it was sent: expiry is counted from there.
        var requestedAt: ContinuousClock.Instant
    }

    func run() async throws(LoginError) -> Granted {
        let authorization: DeviceAuthorization
        let proofKey: ProofKey?
        do throws(OAuthFailure) { (authorization, proofKey) = try await authorize() } catch { throw .oauth(error) }
        var polling = DevicePolling(authorization, now: time.now)
        report(.prompt(authorization, clientID: server.client.id, deadline: polling.deadline))
        while true {
            do { try await time.sleep(until: min(polling.nextPoll, polling.deadline)) } catch { throw .cancelled }
            guard polling.nextPoll < polling.deadline else { throw .expired }
            let requestedAt = time.now
            let reply = await server.poll(authorization.deviceCode, proofKey: proofKey)
            if Task.isCancelled {
                guard case .granted = reply else { throw .cancelled }
            }
            switch polling.received(reply, at: time.now) {
            case .wait: report(.answered)
            case .slowed(let interval): report(.slowed(interval: interval))
            case .retrying(let detail): report(.retrying(detail: detail))
            case .granted(let grant): return Granted(grant: grant, requestedAt: requestedAt)
            case .failed(let code, let detail): throw .refused(code: code, detail: detail)
            case .expired: throw .expired
            }
        }
    }

    /// Asks for a code, and once more with a proof key if that is what the server misses. The key lives as long as the
    /// login.
    private func authorize() async throws(OAuthFailure) -> (DeviceAuthorization, ProofKey?) {
        let use = settings.dialect.proofKey
        if use != .always {
            do throws(OAuthFailure) {
                return (try await ask(nil), nil)
            } catch {
                guard use == .whenAsked, case .provider(let refusal) = error, ProofKey.isBlamed(in: refusal.detail)
                else { throw error }
            }
        }
        let proofKey = ProofKey(randomBytes: randomBytes)
        return (try await ask(proofKey), proofKey)
    }

    private func ask(_ proofKey: ProofKey?) async throws(OAuthFailure) -> DeviceAuthorization {
        try await server.authorizeDevice(
            scopes: settings.scopes, resources: settings.resources, audience: settings.audience, proofKey: proofKey)
    }
}

/// What a login in progress has to say.
enum LoginProgress: Sendable {
    case prompt(DeviceAuthorization, clientID: String, deadline: ContinuousClock.Instant)
    case slowed(interval: Int)
    case retrying(detail: String)
    /// The provider has answered a poll: not approved yet.
    case answered
}
