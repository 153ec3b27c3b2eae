internal import AgentAPI
internal import FoundationEssentials

/// An event as a line for users, and for `read -r time event account text` in a shell.
struct EventLine {
    let text: String

    init(_ event: AgentEvent) {
        let time = Date(timeIntervalSince1970: Double(event.time)).formatted(.iso8601)
        let account = event.news.account?.description ?? "-"
        let words = [time, event.news.kind.rawValue, account, Self.text(of: event.news)]
        text = Console.clean(words.filter { !$0.isEmpty }.joined(separator: " "))
    }

    private static func text(of news: AgentNews) -> String {
        let store = news.store.map { "\($0) is \(news.state?.rawValue ?? "unknown")" }
        let denial = news.denial.map { "uid \($0.user), pid \($0.pid)" }
        let approval = news.approval.map { ApprovalText($0).line }
        let revoked = news.revoked.map { $0 ? "revoked" : "not revoked" }
        let gap = [.missed, .approvalEnded].contains(news.kind) ? news.reason : nil
        let scope = news.scope.map { "scope: \($0)" }
        let hint = news.hint.map { "(\($0))" }
        return [store, denial, approval, revoked, gap, scope, news.detail, hint].compactMap(\.self).joined(
            separator: " ")
    }
}
