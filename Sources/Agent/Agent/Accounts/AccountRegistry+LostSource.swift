internal import AgentAPI
internal import Configuration
internal import Vault

extension AccountRegistry {
    /// Returns the account whose missing login keeps this one from its next token, also by way of others; `nil` if there
    /// is none, or a token is at hand.
    func lostSource(of account: Account, at now: ContinuousClock.Instant) -> AccountName? {
        var seen: Set<AccountName> = []
        return lostSource(of: account, at: now, &seen)
    }

    private func lostSource(
        of account: Account, at now: ContinuousClock.Instant, _ seen: inout Set<AccountName>
    ) -> AccountName? {
        for name in account.settings.sourceAccounts.sorted() where seen.insert(name).inserted {
            // A login that has ended serves its token until that expires.
            guard let source = known(name), source.vault.heldToken(for: nil)?.isValid(at: now) != true else { continue }
            if source.settings.machineGrant == nil {
                if case .loginRequired = source.vault.snapshot(keepAlive: nil).login { return name }
            } else if let root = lostSource(of: source, at: now, &seen) {
                return root
            }
        }
        return nil
    }
}
