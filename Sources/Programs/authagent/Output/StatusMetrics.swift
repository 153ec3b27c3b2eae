internal import AgentAPI
internal import Formats

/// The status as metrics for the textfile collector of Prometheus' node_exporter.
///
/// Each series has the socket as a label: the collector reads the files of all users' agents, and drops everything if
/// one series is there twice. Times are moments, because the rest of a time is wrong once the file is old.
struct StatusMetrics {
    private typealias Sample = MetricsText.Sample

    private let socket: (name: String, value: String)
    private let now: Int

    /// `now` in seconds since 1970.
    init(socket: String, now: Int) {
        self.socket = ("socket", socket)
        self.now = now
    }

    /// `report` is `nil` if the agent has not reported: then nothing is said of the accounts, whose state is unknown.
    func text(_ report: StatusReport?) -> String {
        var page = MetricsText()
        page.add(
            "authagent_up", .gauge, "Whether the agent has reported its status.",
            [Sample(report == nil ? 0 : 1, [socket])])
        page.add(
            "authagent_textfile_timestamp_seconds", .gauge, "When 'authagent status --prometheus' wrote this.",
            [Sample(Double(now), [socket])])
        guard let report else { return page.text }
        add(report.agent, usedBy: report.accounts, to: &page)
        add(report.accounts, to: &page)
        add(report.sinks ?? [], to: &page)
        return page.text
    }

    private func add(_ agent: AgentStatus, usedBy accounts: [AccountStatus], to page: inout MetricsText) {
        page.add(
            "authagent_build_info", .gauge, "The version of the running agent, as a label.",
            [Sample(1, [socket, ("version", agent.version)])])
        page.add(
            "authagent_locked", .gauge, "Whether the agent serves nothing until it is unlocked.",
            [Sample(agent.locked == true ? 1 : 0, [socket])])
        // A store that no account uses must not raise an alert.
        let used = Set(accounts.map(\.store))
        let states = [("keyring", agent.storeState), ("sealed", agent.sealedState ?? .notInitialized)]
        page.add(
            "authagent_store_state", .gauge, "State of each store that an account uses: its series is 1.",
            states.filter { used.contains($0.0) }
                .map { MetricsText.state($0.1.rawValue, [socket, ("store", $0.0)]) })
    }

    private func add(_ accounts: [AccountStatus], to page: inout MetricsText) {
        func labels(_ account: AccountStatus) -> [(name: String, value: String)] {
            [socket, ("account", account.account.description)]
        }
        func moments(_ moment: (AccountStatus) -> Int?) -> [Sample] {
            accounts.compactMap { account in moment(account).map { Sample(Double($0), labels(account)) } }
        }
        page.add(
            "authagent_account_ok", .gauge, "Whether the account's state is 'ok'.",
            accounts.map { Sample($0.state == .ok ? 1 : 0, labels($0)) })
        page.add(
            "authagent_account_state", .gauge, "State of each account, as 'authagent status' has it: its series is 1.",
            accounts.map { MetricsText.state($0.state.rawValue, labels($0)) })
        page.add(
            "authagent_account_unsaved", .gauge, "Whether the account's store lacks what the agent holds.",
            accounts.map { Sample($0.state == .unsaved ? 1 : 0, labels($0)) })
        page.add(
            "authagent_token_expiry_timestamp_seconds", .gauge,
            "When the access token in memory expires. Tokens without requests are not renewed.",
            moments(\.expiresAt))
        page.add(
            "authagent_last_refresh_timestamp_seconds", .gauge, "When a refresh last brought a token.",
            moments(\.lastRefresh))
        page.add(
            "authagent_next_refresh_timestamp_seconds", .gauge, "When the agent refreshes the token by itself.",
            moments(\.nextRefresh))
        page.add(
            "authagent_login_expiry_timestamp_seconds", .gauge,
            "When the login itself ends unless it is used before, where the provider says so.",
            moments(\.loginExpiresAt))
    }

    private func add(_ sinks: [SinkStatus], to page: inout MetricsText) {
        guard !sinks.isEmpty else { return }
        page.add(
            "authagent_sinks", .gauge, "Files of tokens by state, as 'authagent sink list' has it.",
            SinkStatus.State.allCases.map { state in
                Sample(Double(sinks.count { $0.state == state }), [socket, ("state", state.rawValue)])
            })
    }
}
