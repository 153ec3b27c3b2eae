internal import AgentAPI
internal import OAuth
internal import Synchronization

/// One renewal of one slot's token, in the way that the credential demands.
struct SlotRenewal: Sendable {
    let vault: AccountVault
    let credential: Credential
    /// `nil` for the account's own token.
    let target: TokenTarget?
    /// What a service has demanded of the token, as JSON; `nil` for a token as usual.
    var claims: String?
    /// The state's version at the decision to renew: results for an older one are dropped.
    let version: UInt64

    func run() async {
        switch credential.renewal {
        case .refreshToken: await Rotation(renewal: self).run()
        case .request(let grant):
            guard let requester = vault.ports.machine else { return }
            await MachineRenewal(renewal: self, requester: requester, grant: grant).run()
        // The decision to renew is not made without a way to do it.
        case .none: return
        }
    }

    /// Returns the grant's token, unless that is less than the target.
    func token(
        of grant: TokenGrant, requestedAt: ContinuousClock.Instant
    ) throws(TargetRefusal) -> AccessToken {
        let asked = target?.scopes ?? []
        // RFC 6749 §5.1: an absent scope is the requested one.
        let scope = grant.scope ?? (asked.isEmpty ? credential.scope : asked)
        let missing = ScopeReply(scope, to: asked).notGranted
        guard missing.isEmpty else {
            throw TargetRefusal(.narrower, missing: missing, granted: scope, loginScope: credential.scope)
        }
        if let requested = target?.details {
            let missing = requested.reply(grant.authorizationDetails).notGranted
            guard missing.isEmpty else {
                // RFC 9396 §7: a reply without details has not honoured them.
                throw TargetRefusal(.detailsNotGranted, missing: [], types: missing, loginScope: credential.scope)
            }
        }
        return AccessToken(grant, scope: scope, of: credential, requestedAt: requestedAt, isRenewable: true)
    }

    /// Publishes the token to the callers that wait for it. `isUnsaved`: the credential is not in the store as it is.
    func serve(
        _ token: AccessToken, with renewed: Credential, missing: NoIDToken?, requestedAt: ContinuousClock.Instant,
        isUnsaved: Bool = false
    ) {
        change { state in
            if isUnsaved { state.markUnsaved(isJournaled: false, at: vault.ports.time.now) }
            state.renewed(
                target, token, renewed, missing: missing, version: version, grantedAt: requestedAt,
                at: vault.ports.time.now, jitter: vault.ports.jitter())
            if let claims {
                state.claimsRequested(claims, isRefused: false, version: version, at: vault.ports.time.now)
            }
        }
    }

    /// `isUnsent`: nothing was sent, and the next request may try again at once.
    func failed(
        _ failure: TokenFailure, retryAfter: Duration? = nil, obstacle: RefreshReply.Obstacle = .unknown,
        isUnsent: Bool = false
    ) {
        change {
            $0.refreshFailed(
                target, failure, retryAfter: retryAfter, obstacle: obstacle, isUnsent: isUnsent, version: version,
                at: vault.ports.time.now, jitter: vault.ports.jitter())
        }
    }

    func change(_ body: (inout AccountState) -> Void) { vault.guarded.withLock { body(&$0.state) } }
}

extension AccountVault {
    /// Starts a renewal. The caller has checked that neither a renewal nor a change is running.
    func startRefresh(
        of credential: Credential, for target: TokenTarget?, claims: String? = nil, _ guarded: inout Guarded
    ) -> Task<Void, Never> {
        let renewal = SlotRenewal(
            vault: self, credential: credential, target: target, claims: claims, version: guarded.state.version)
        // Unstructured task: a client that disconnects must not cancel the request that brings the next refresh token.
        let task = Task {
            await renewal.run()
            self.guarded.withLock { $0.refresh = nil }
            self.changed()
        }
        guarded.refresh = Refresh(target: target, claims: claims, version: guarded.state.version, task: task)
        return task
    }
}
