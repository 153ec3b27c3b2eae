internal import AgentAPI
internal import OAuth
internal import Synchronization

/// What a reply without a token means, for the login or for the target alone.
extension Rotation {
    func recordRefusal(_ reply: RefreshReply) async {
        if let claims, await isRefusal(reply, of: claims) { return }
        switch (reply, target) {
        case (.renewed, _): return

        case (.unconfigured(let detail), _): failed(.configuration(detail: detail))
        case (.changed(let detail), _): failed(.providerChanged(detail: detail))
        case (.transient(let detail, let retryAfter, let obstacle), _):
            failed(.providerUnreachable(detail: detail), retryAfter: retryAfter, obstacle: obstacle)
        case (.unanswered(let detail), _): failed(.providerUnreachable(detail: detail))

        case (.misconfigured(let error), let target?) where error.refusedPart != nil:
            let reason: TargetRefusal.Reason =
                switch error.refusedPart {
                case .details: .invalidDetails
                case .scope where !target.scopes.isEmpty: .invalidScope
                default: .invalidTarget
                }
            refused(target, reason, error.description)
        case (.misconfigured(let error), let target?), (.deadGrant(let error), let target?),
            (.needsPerson(let error), let target?):
            await refusedUnclearly(target, error.description)
        case (.rejected(let status, let detail), let target?):
            await refusedUnclearly(target, "status \(status): \(detail)")

        case (.deadGrant, nil): await endLogin()
        case (.needsPerson(let error), nil):
            failed(.loginDemanded(.interactionRequired, detail: error.description))
        case (.misconfigured(let error), nil)
        where error.refusesClient && credential.registration?.isExpired(at: vault.ports.time.wall) == true:
            change { $0.clientExpired(version: version) }
        case (.misconfigured(let error), nil): failed(.clientRefused(code: error.code, detail: error.detail))
        case (.rejected(let status, let detail), nil):
            failed(.providerRejected(detail: "status \(status): \(detail)"))
        }
    }

    /// Records that the provider refuses the claims that a service demands, which leaves the login as it is. Returns
    /// false if the reply says nothing about them.
    private func isRefusal(_ reply: RefreshReply, of claims: String) async -> Bool {
        switch reply {
        case .renewed, .unconfigured, .changed, .transient, .unanswered: return false
        case .misconfigured(let error) where error.refusesClient: return false
        case .needsPerson, .misconfigured: break
        // Entra answers so as well if the login has ended (AADSTS50173): only a refresh without claims shows it.
        case .deadGrant, .rejected: guard await isAliveWithoutTarget() else { return true }
        }
        change { $0.claimsRequested(claims, isRefused: true, version: version, at: vault.ports.time.now) }
        return true
    }

    private func refused(_ target: TokenTarget, _ reason: TargetRefusal.Reason, _ detail: String) {
        failed(
            .targetRefused(
                TargetRefusal(
                    reason, missing: target.scopes, types: target.details?.types ?? [],
                    loginScope: credential.scope, detail: detail)))
    }

    /// Entra answers `invalid_grant` if one scope lacks consent; others blame the request, the client or nothing. A
    /// refresh of the login's own token shows what it means: if that fails too, its failure is the answer.
    private func refusedUnclearly(_ target: TokenTarget, _ detail: String) async {
        if await isAliveWithoutTarget() { refused(target, .refused, detail) }
    }

    /// Refreshes the login's own token, and returns whether that has succeeded.
    private func isAliveWithoutTarget() async -> Bool {
        await SlotRenewal(vault: vault, credential: credential, target: nil, version: version).run()
        return vault.guarded.withLock { $0.state.version == version && $0.state.slots.own.failure == nil }
    }

    /// Ends the login after `invalid_grant`, unless the store holds a newer refresh token than the refused one.
    private func endLogin() async {
        let stored: Credential?
        do throws(StoreFailure) { stored = try await vault.ports.reader.credential(of: vault.account) } catch {
            return failed(.store(error))
        }
        if let newer = stored, newer.generation > credential.generation, newer.isRenewable {
            return await goOn(with: newer)
        }
        // Kept with the record, so that the login is not taken for one that never was after a restart.
        let reason = vault.guarded.withLock { $0.state.reasonOfDeath }
        let ended = credential.ended(reason)
        await vault.save(ended, version: version)
        await vault.ports.journal?.abandon(credential)
        change { $0.died(ended, reason, version: version) }
    }

    /// Ends, because each round needs a larger generation than the one before.
    private func goOn(with newer: Credential) async {
        let newVersion: UInt64? = vault.guarded.withLock { guarded in
            guard guarded.state.version == version else { return nil }
            guarded.state.storage.journalKey = newer.journalKey
            guarded.state.adopt(
                newer, token: nil, grantedAt: vault.ports.time.now, jitter: vault.ports.jitter())
            return guarded.state.version
        }
        guard let newVersion else { return }
        await SlotRenewal(vault: vault, credential: newer, target: target, version: newVersion).run()
    }
}
