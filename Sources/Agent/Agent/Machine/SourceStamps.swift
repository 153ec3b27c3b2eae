internal import AgentAPI
internal import Configuration
internal import Vault

/// What the accounts of a chain were before a request, whose token must not outlive a change of one of them.
struct SourceStamps: Sendable {
    private struct Stamp: Sendable {
        let account: Account
        let version: UInt64
        let lock: LockReason?
        let settings: AccountSettings

        init(_ account: Account) {
            self.account = account
            (version, lock, settings) = (account.vault.version, account.vault.lockReason, account.settings)
        }

        func isCurrent(_ account: Account?) -> Bool {
            guard let account, account === self.account else { return false }
            return account.vault.version == version && account.vault.lockReason == lock && account.settings == settings
        }
    }

    private let registry: AccountRegistry
    private var stamps: [AccountName: Stamp] = [:]

    /// Notes the accounts from which tokens with these settings are made, also by way of others.
    init(_ settings: AccountSettings, _ registry: AccountRegistry) {
        self.registry = registry
        var pending = settings.sourceAccounts
        while let name = pending.popFirst() {
            guard stamps[name] == nil, let account = try? registry.account(name) else { continue }
            stamps[name] = Stamp(account)
            pending.formUnion(account.settings.sourceAccounts)
        }
    }

    /// Why what was requested since is not to be used: an account has changed. `nil` if none has.
    var change: TokenFailure? {
        var other: TokenFailure?
        for (name, stamp) in stamps.sorted(by: { $0.key < $1.key }) {
            let account = registry.known(name)
            guard !stamp.isCurrent(account) else { continue }
            switch account?.vault.snapshot(keepAlive: nil).login {
            case .loginRequired?: return .subjectLoginRequired(name)
            case .locked(let reason)?: return .locked(reason)
            case .unread?, .active?, nil:
                other = .providerUnreachable(detail: "the account '\(name)' has changed meanwhile")
            }
        }
        return other
    }
}
