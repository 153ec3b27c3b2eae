internal import AgentAPI
internal import Logging

extension Logger {
    /// Logs an account's news that no request logs: an agent without a watcher must not be silent about a login's end.
    func note(_ news: AgentNews) {
        var metadata: Metadata = ["account": "\(news.account?.description ?? "")"]
        for (name, value) in [("code", news.code), ("reason", news.reason), ("problem", news.detail)] {
            if let value { metadata[name] = "\(value)" }
        }
        switch news.kind {
        case .loginRequired: notice("login required", metadata: metadata)
        case .refreshFailed: notice("refresh failed", metadata: metadata)
        case .unsaved: warning("a login is not saved", metadata: metadata)
        case .saved: notice("a login is saved again", metadata: metadata)
        default: break
        }
    }
}
