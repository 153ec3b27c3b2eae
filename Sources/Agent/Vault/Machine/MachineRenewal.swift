public import AgentAPI
internal import OAuth
internal import Synchronization

/// One request for a token of an account without a person. It spends nothing, so neither journal nor store takes part,
/// and a crash at any moment leaves nothing behind.
struct MachineRenewal: Sendable {
    let renewal: SlotRenewal
    let requester: any MachineRequester
    let grant: MachineGrant

    private var vault: AccountVault { renewal.vault }

    func run() async {
        let requestedAt = vault.ports.time.now
        let mayRenewSource = vault.guarded.withLock { $0.state.mayRenewSource(at: requestedAt) }
        let result = await requester.request(
            renewal.credential, for: renewal.target, claims: renewal.claims, mayRenewSource: mayRenewSource)
        switch result {
        case .lacksSource(let failure): renewal.failed(failure, isUnsent: true)
        case .answered(let reply, let hosts):
            renewal.change { $0.sourceUsed(reply, mayRenew: mayRenewSource, at: requestedAt) }
            take(reply, hosts, requestedAt: requestedAt)
        }
    }

    private func take(_ reply: MachineReply, _ hosts: Set<String>?, requestedAt: ContinuousClock.Instant) {
        guard case .granted(let grant) = reply else { return refused(reply) }
        var renewed = renewal.credential.renewed(by: grant, for: renewal.target, at: vault.ports.time.wall)
        // Later requests go where the first one went. Metadata that names other hosts beside those adds none.
        renewed.endpointHosts = renewal.credential.endpointHosts ?? hosts
        // No login has been granted more before.
        renewed.lostScope = []
        do throws(TargetRefusal) {
            let token = try renewal.token(of: grant, requestedAt: requestedAt)
            renewal.serve(token, with: renewed, missing: .notIssued, requestedAt: requestedAt)
        } catch {
            renewal.failed(.targetRefused(error))
        }
    }

    private func refused(_ reply: MachineReply) {
        if let claims = renewal.claims, case .refused(let error) = reply, !error.refusesClient {
            return renewal.change {
                $0.claimsRequested(claims, isRefused: true, version: renewal.version, at: vault.ports.time.now)
            }
        }
        if let refusal = refusal(of: reply) { return renewal.failed(.targetRefused(refusal)) }
        guard let failure = reply.failure(of: grant) else { return }
        switch reply {
        case .transient(_, let retryAfter, let obstacle):
            renewal.failed(failure, retryAfter: retryAfter, obstacle: obstacle)
        // A file that is mended is used by the next request.
        case .unconfigured: renewal.failed(failure, isUnsent: true)
        case .granted, .refused, .rejected, .unusable, .changed: renewal.failed(failure)
        }
    }

    /// Returns what the provider refuses of the target; `nil` if it does not blame that.
    private func refusal(of reply: MachineReply) -> TargetRefusal? {
        guard case .refused(let error) = reply, let target = renewal.target, let part = error.refusedPart else {
            return nil
        }
        let reason: TargetRefusal.Reason =
            switch part {
            case .details: .invalidDetails
            case .scope where !target.scopes.isEmpty: .invalidScope
            case .scope, .resource: .invalidTarget
            }
        return TargetRefusal(
            reason, missing: target.scopes, types: target.details?.types ?? [],
            loginScope: renewal.credential.scope, detail: error.description)
    }
}

extension AccountState {
    /// A provider that refuses a renewed source refuses the next one, too, most likely for the request's own fault: each
    /// would cost its account a refresh.
    static let sourceGap: Duration = .seconds(900)

    /// Whether a token of another account that the provider refuses may be renewed for the next request.
    func mayRenewSource(at now: ContinuousClock.Instant) -> Bool {
        sourceRefusedAt.map { now >= $0 + Self.sourceGap } ?? true
    }

    /// Records how the provider has taken another account's token.
    mutating func sourceUsed(_ reply: MachineReply, mayRenew: Bool, at now: ContinuousClock.Instant) {
        switch reply {
        case .granted: sourceRefusedAt = nil
        case .refused(let error) where mayRenew && error.mayBlameToken: sourceRefusedAt = now
        default: break
        }
    }
}

extension MachineReply {
    /// Why the reply brings no token; `nil` if it does.
    func failure(of grant: MachineGrant) -> TokenFailure? {
        func refused(_ code: String?, _ detail: String) -> TokenFailure {
            .grantRefused(GrantRefusal(of: grant, code: code, detail: detail))
        }
        return switch self {
        case .granted: nil
        case .refused(let error): refused(error.code, error.description)
        case .rejected(let status, let detail): refused(nil, "status \(status): \(detail)")
        case .unusable(let detail): refused("bad_response", "its reply cannot be used: \(detail)")
        case .unconfigured(let detail): .configuration(detail: detail)
        case .changed(let detail): .providerChanged(detail: detail)
        case .transient(let detail, _, _): .providerUnreachable(detail: detail)
        }
    }
}

extension MachineResult {
    /// Why the result has no token; `nil` if it has one.
    public func failure(of grant: MachineGrant) -> TokenFailure? {
        switch self {
        case .answered(let reply, _): reply.failure(of: grant)
        case .lacksSource(let failure): failure
        }
    }
}
