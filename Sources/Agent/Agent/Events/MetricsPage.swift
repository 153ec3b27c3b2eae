internal import AgentAPI
internal import Configuration
internal import Formats
internal import Metrics
internal import Vault

/// The metrics page: counters of the agent, gauges of its accounts and stores.
struct MetricsPage: Sendable {
    let shared: SharedParts
    let registry: AccountRegistry
    let logins: Logins
    let sinks: Sinks

    func write(into page: inout MetricsText) {
        shared.metrics.write(into: &page)
        let accounts = registry.accounts
        writeStores(usedBy: accounts, into: &page)
        page.add(
            "authagent_journal_logins", .gauge,
            "Logins whose newest refresh token is in the journal and not yet in their store.",
            Double(accounts.count { $0.vault.snapshot(keepAlive: $0.settings.keepAlive).isOnlyInJournal }))
        page.add(
            "authagent_locked", .gauge, "Whether the agent serves nothing until it is unlocked.",
            registry.isLocked ? 1 : 0)
        let states = sinks.list().sinks.map(\.state)
        page.add(
            "authagent_sinks", .gauge, "Files of tokens by state, as 'authagent sink list' has it.",
            SinkStatus.State.allCases.map { state in
                .init(Double(states.count { $0 == state }), [("state", state.rawValue)])
            })
        page.add(
            "authagent_event_watchers", .gauge, "Clients that watch the events.", Double(shared.feed.watcherCount))
    }

    func writeAccounts(where isVisible: (AccountName) -> Bool, into page: inout MetricsText) {
        let now = shared.time.now
        var states: [MetricsText.Sample] = []
        var tokens: [MetricsText.Sample] = []
        var ends: [MetricsText.Sample] = []
        let pending = logins.pending
        let accounts = registry.accounts.sorted { $0.name < $1.name }
        for account in accounts where isVisible(account.name) {
            let snapshot = account.vault.snapshot(keepAlive: account.settings.keepAlive)
            let labels = [(name: "account", value: account.name.description)]
            let (word, _) = snapshot.summary(account.name, isLoggingIn: pending[account.name] != nil)
            states.append(MetricsText.state(word.rawValue, labels))
            if let expiresAt = snapshot.expiresAt { tokens.append(.init(max(0, (expiresAt - now).seconds), labels)) }
            if let end = snapshot.loginExpiry?.at {
                ends.append(.init(Double(max(0, end - shared.time.wall)), labels))
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
            "Time until the login itself ends unless it is used before, where the provider says so.", ends)
    }

    private func writeStores(usedBy accounts: [Account], into page: inout MetricsText) {
        // Skip unused stores: a machine without a keyring must not raise an alert.
        let health = shared.storeHealth
        let used = Set(accounts.map(\.settings.store))
        let states = [
            (StoreKind.keyring, health.keyring.state), (.sealed, health.sealed?.state ?? .notInitialized),
        ]
        page.add(
            "authagent_store_state", .gauge,
            "State of each store that an account uses, when it was last used: its series is 1.",
            states.filter { used.contains($0.0) }.map { MetricsText.state($1.rawValue, [("store", $0.rawValue)]) })
        let journal = health.journal
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
