public import AgentAPI
internal import Configuration
public import Metrics
internal import Synchronization
internal import Vault

/// The metrics page: counters of the agent, gauges of its accounts and stores.
extension Agent: MetricSource {
    public func write(into page: inout MetricsText) {
        metrics.write(into: &page)
        let (accounts, isLocked) = state.withLock { (Array($0.accounts.values), $0.lock.isClosed) }
        writeStores(usedBy: accounts, into: &page)
        page.add(
            "authagent_journal_logins", .gauge,
            "Logins whose newest refresh token is in the journal and not yet in their store.",
            Double(accounts.count { $0.vault.snapshot(keepAlive: $0.settings.keepAlive).isOnlyInJournal }))
        page.add("authagent_locked", .gauge, "Whether the agent serves nothing until it is unlocked.", isLocked ? 1 : 0)
        page.add(
            "authagent_event_watchers", .gauge, "Clients that watch the events.", Double(feed.watcherCount))
    }

    public func writeAccounts(where isVisible: (AccountName) -> Bool, into page: inout MetricsText) {
        let now = parts.time.now
        var states: [MetricsText.Sample] = []
        var tokens: [MetricsText.Sample] = []
        var logins: [MetricsText.Sample] = []
        let (accounts, pending) = state.withLock { ($0.accounts.values.sorted { $0.name < $1.name }, $0.logins) }
        for account in accounts where isVisible(account.name) {
            let snapshot = account.vault.snapshot(keepAlive: account.settings.keepAlive)
            let labels = [(name: "account", value: account.name.description)]
            let (word, _) = snapshot.summary(account.name, isLoggingIn: pending[account.name] != nil)
            states.append(MetricsText.state(word.rawValue, labels))
            if let expiresAt = snapshot.expiresAt { tokens.append(.init(max(0, (expiresAt - now).seconds), labels)) }
            if let end = snapshot.loginExpiry?.at {
                logins.append(.init(Double(max(0, end - parts.time.wall)), labels))
            }
        }
        page.add(
            "authagent_account_state", .gauge, "State of each account, as 'authagent status' has it: its series is 1.",
            states)
        page.add(
            "authagent_token_expiry_seconds", .gauge,
            "Time until the access token in memory expires. Tokens without requests are not renewed.", tokens)
        page.add(
            "authagent_login_expiry_seconds", .gauge,
            "Time until the login itself ends unless it is used before, where the provider says so.", logins)
    }

    private func writeStores(usedBy accounts: [Account], into page: inout MetricsText) {
        // Skip unused stores: a machine without a keyring must not raise an alert.
        let used = Set(accounts.map(\.settings.store))
        let states = [
            (StoreKind.keyring, storeHealth.keyring.state), (.sealed, storeHealth.sealed?.state ?? .notInitialized),
        ]
        page.add(
            "authagent_store_state", .gauge,
            "State of each store that an account uses, when it was last used: its series is 1.",
            states.filter { used.contains($0.0) }.map { MetricsText.state($1.rawValue, [("store", $0.rawValue)]) })
        let journal = storeHealth.journal
        page.add(
            "authagent_journal_state", .gauge, "What the last write to the rotation journal came to: its series is 1.",
            [MetricsText.state(journal.state.rawValue)])
        page.add(
            "authagent_journal_writes_total", .counter, "Writes to the rotation journal by result.",
            [.init(Double(journal.written), [("result", "ok")]), .init(Double(journal.failed), [("result", "failed")])])
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
