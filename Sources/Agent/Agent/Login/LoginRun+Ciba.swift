internal import AgentAPI
internal import Configuration
internal import OAuth
internal import Vault

/// What a login on the phone has beyond others: who may be asked, how often, and who may approve.
extension LoginRun {
    /// Refuses what the provider's metadata does not offer, before a client is registered.
    func requireOffer(of grant: GrantKind) async throws(LoginError) {
        if let refusal = await provider.refusal(of: settings.authorizationDetails) {
            throw .detailsUnsupported(refusal)
        }
        guard grant == .ciba, let metadata = await provider.metadata() else { return }
        try CibaLogin.requirePolling(metadata)
    }

    /// Counts a question that a caller other than the owner has put to the user; `nil` for the owner's.
    var admitsOthers: (@Sendable () async throws(LoginError) -> Void)? {
        guard pending.isByOthers, let person = AskedPerson(settings, byOthers: true) else { return nil }
        return { [book = shared.renewals] () throws(LoginError) in try await book.admit(person) }
    }

    /// The person of the login that this one replaces or renews; `nil` if not known. At another issuer it is another
    /// login.
    var replaced: Identity? {
        if let renewal = pending.renewal { return renewal.identity }
        guard let identity = registry.known(name)?.vault.identity, identity.issuer == settings.issuer?.text else {
            return nil
        }
        return identity
    }

    /// Has the agent ask again: a person has logged in.
    func noteForRenewals() {
        guard pending.renewal == nil, !pending.demands.isElevated else { return }
        if let others = AskedPerson(settings, byOthers: true) { shared.renewals.resume(others) }
        if !pending.isByOthers, let person = AskedPerson(settings) { shared.renewals.resume(person) }
    }

    /// Has the agent not ask the user again where that is pointless, or against the user's wish.
    func noteForRenewals(_ failure: LoginError) {
        let isRenewal = pending.renewal != nil
        guard isRenewal || pending.grant == .ciba, let person = AskedPerson(settings, byOthers: pending.isByOthers)
        else { return }
        if let stop = failure.renewalStop, isRenewal || stop == .declined {
            shared.renewals.stop(person, stop)
        } else if isRenewal {
            shared.renewals.failed(person)
        }
    }
}
