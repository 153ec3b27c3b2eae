internal import AgentAPI

/// The status as text.
struct StatusTable {
    private let report: StatusReport
    private let now: Int

    /// `now` in seconds since 1970.
    init(_ report: StatusReport, now: Int) {
        self.report = report
        self.now = now
    }

    var text: String {
        let agent = report.agent
        var lines = ["agent \(agent.version), pid \(agent.pid), \(agent.socket)"]
        if agent.locked == true { lines.append("locked: 'authagent unlock' ends it") }
        lines.append("keyring: \(agent.storeState.rawValue)" + (agent.storeDetail.map { " (\($0))" } ?? ""))
        // If no account uses the keyring, its state is irrelevant.
        // Without accounts, the next login may use it.
        let needsKeyring =
            report.accounts.isEmpty
            ? agent.sealedState == nil : report.accounts.contains { ["keyring", ""].contains($0.store) }
        if needsKeyring, let hint = agent.storeHint { lines.append("  hint: \(hint)") }
        if let state = agent.sealedState {
            lines.append("sealed store: \(state.rawValue)" + (agent.sealedDetail.map { " (\($0))" } ?? ""))
            if let hint = agent.sealedHint { lines.append("  hint: \(hint)") }
        }
        lines.append("")
        guard !report.accounts.isEmpty else {
            return
                (lines + [
                    "no accounts yet: 'authagent login NAME --issuer URL --client-id ID', or see 'authagent providers'"
                ])
                .map(Console.clean).joined(separator: "\n")
        }
        let rows =
            [["ACCOUNT", "STATE", "EXPIRES", "REFRESH", "STORE", "ISSUER"]]
            + report.accounts.map { account in
                [
                    account.account.description, account.state.rawValue, words(account.expiresAt),
                    words(account.nextRefresh), account.store, account.issuer,
                ]
            }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        for (index, row) in rows.enumerated() {
            let cells = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            lines.append(line)
            guard index > 0 else { continue }
            let account = report.accounts[index - 1]
            if let source = source(account) { lines.append("  \(source)") }
            if let identity = identity(account) { lines.append("  \(identity)") }
            if let end = account.loginExpiresAt { lines.append("  \(loginExpiry(end))") }
            if let renewal = account.renewal.flatMap(renewal) { lines.append("  \(renewal)") }
            lines += (account.elevated ?? []).map { "  elevated login: \(elevated($0))" }
            if let error = account.lastError { lines.append("  \(error)") }
            if let hint = account.hint { lines.append("  hint: \(hint)") }
        }
        if let sinks = report.sinks, !sinks.isEmpty { lines += [""] + SinkTable(sinks, now: now).lines }
        return lines.map(Console.clean).joined(separator: "\n")
    }

    /// The identity of the login.
    private func identity(_ account: AccountStatus) -> String? {
        guard let subject = account.subject else { return nil }
        let names = [account.name, account.email.map { "<\($0)>" }].compactMap { $0 }.joined(separator: " ")
        return names.isEmpty ? "subject: \(subject)" : "subject: \(subject), \(names)"
    }

    /// How an account without a person gets its tokens, as text.
    private func source(_ account: AccountStatus) -> String? {
        guard let grant = account.grant else { return nil }
        let source = account.derivedFrom.map { ", made from those of '\($0)'" } ?? ""
        let actor = account.actor.map { ", for '\($0)' as the actor" } ?? ""
        return "tokens by \(grant)\(source)\(actor)"
    }

    /// The expiry of the login, as text.
    private func loginExpiry(_ moment: Int) -> String {
        moment < now ? "the login has expired" : "the login expires \(words(moment))"
    }

    /// A renewal that asks on the user's phone, as text; `nil` while there is nothing to say.
    private func renewal(_ renewal: RenewalStatus) -> String? {
        let detail = renewal.detail.map { ": \($0)" } ?? ""
        return switch renewal.state {
        case .ready: nil
        case .pending: "waiting for your approval on the phone\(detail)"
        case .waiting: "asks on the phone \(renewal.at.map { words($0) } ?? "later")\(detail)"
        case .stopped: "does not ask on the phone\(detail)"
        }
    }

    /// A login in memory beside the account's, as text.
    private func elevated(_ login: ElevatedStatus) -> String {
        let time = login.authTime.map { ", authenticated \(TimeSpan.words(max(0, now - $0))) ago" } ?? ""
        let end = login.expiresAt.map { ", expires \(words($0))" } ?? ""
        return login.acr + time + end
    }

    /// A time in seconds since 1970, as `in 54 min`.
    private func words(_ moment: Int?) -> String {
        guard let moment else { return "-" }
        let left = moment - now
        return left < 0 ? "past" : "in \(TimeSpan.words(left))"
    }
}
