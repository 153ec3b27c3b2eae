internal import AgentAPI
internal import OAuth
internal import Synchronization

/// Tokens with another target than the login's own: a part of its scopes, a resource, an audience.
extension AccountVault {
    /// Spends the refresh token once for a token with this target, and perhaps once more to tell what a refusal means.
    func refresh(_ credential: Credential, for target: TokenTarget, version: UInt64) async {
        do throws(StoreFailure) { try await beginRotation(of: credential) } catch {
            return failed(target, .store(error), version: version)
        }
        let requestedAt = ports.time.now
        func refused(_ reason: TargetRefusal.Reason, _ detail: String) -> TokenFailure {
            .targetRefused(
                TargetRefusal(reason, missing: target.scopes, loginScope: credential.scope, detail: detail))
        }
        let reply = await ports.refresher.refresh(credential, for: target)
        await settleIntent(of: credential, reply)
        switch reply {
        case .renewed(let grant):
            await take(grant, for: target, credential, version: version, requestedAt: requestedAt)
        case .misconfigured(let error) where error.refusedPart != nil:
            let isScope = error.refusedPart == .scope && !target.scopes.isEmpty
            failed(target, refused(isScope ? .invalidScope : .invalidTarget, error.description), version: version)
        case .misconfigured(let error), .deadGrant(let error), .needsPerson(let error):
            if await isAlive(credential, version: version) {
                failed(target, refused(.refused, error.description), version: version)
            }
        case .unconfigured(let detail): failed(target, .configuration(detail: detail), version: version)
        case .changed(let detail): failed(target, .providerChanged(detail: detail), version: version)
        case .rejected(let status, let detail):
            if await isAlive(credential, version: version) {
                failed(target, refused(.refused, "status \(status): \(detail)"), version: version)
            }
        case .transient(let detail, let retryAfter):
            failed(target, .providerUnreachable(detail: detail), retryAfter: retryAfter, version: version)
        case .unanswered(let detail): failed(target, .providerUnreachable(detail: detail), version: version)
        }
    }

    /// Entra says `invalid_grant` when only one scope lacks consent, and others blame the request, the client or nothing:
    /// what a refusal means for the login is told by a refresh of the login's own token. If that fails, its failure is
    /// the answer.
    private func isAlive(_ credential: Credential, version: UInt64) async -> Bool {
        await refresh(credential, version: version)
        return guarded.withLock { $0.state.version == version && $0.state.lastFailure == nil }
    }

    private func failed(
        _ target: TokenTarget, _ failure: TokenFailure, retryAfter: Duration? = nil, version: UInt64
    ) {
        guarded.withLock {
            $0.state.targetFailed(
                target, failure, retryAfter: retryAfter, version: version, at: ports.time.now, jitter: ports.jitter()
            )
        }
    }

    /// As with the login's own token, the new refresh token first.
    private func take(
        _ grant: TokenGrant, for target: TokenTarget, _ credential: Credential, version: UInt64,
        requestedAt: ContinuousClock.Instant
    ) async {
        let rotated = await rotate(
            credential, with: grant, for: target, version: version, requestedAt: requestedAt)
        do throws(IdentityRefusal) {
            // Another person's token is not served for any target. Who the login belongs to is not learnt here.
            var unchanged = rotated
            _ = try await identify(grant, as: &unchanged)
        } catch {
            return failed(target, .identityRefused(error), version: version)
        }
        // RFC 6749 §5.1: an absent scope is the one that was asked for.
        let scope = grant.scope ?? (target.scopes.isEmpty ? credential.scope : target.scopes)
        let missing = ScopeReply(scope, to: target.scopes).notGranted
        guard missing.isEmpty else {
            let refusal = TargetRefusal(.narrower, missing: missing, granted: scope, loginScope: credential.scope)
            return failed(target, .targetRefused(refusal), version: version)
        }
        let token = AccessToken(
            grant, scope: scope, of: credential, requestedAt: requestedAt, isRenewable: true)
        guarded.withLock { $0.state.targetRenewed(target, token, version: version, at: requestedAt) }
    }

    /// To be called when the account's settings have changed.
    public func forgetTargets() { guarded.withLock { $0.state.forgetTargets() } }
}
