internal import Advice
public import AgentAPI
internal import Configuration
internal import Vault

extension Agent {
    public func events(after id: String?) -> EventWatch { feed.watch(after: id) }

    public func report(_ news: AgentNews) { feed.report(news) }
}

extension AccountNews {
    /// `ok` or the code of the client's problem; `nil` if this is not the result of a refresh.
    func refreshResult(of account: AccountName) -> String? {
        switch self {
        case .refreshed: "ok"
        case .refreshFailed(let failure): Problem(failure, account: account).code.rawValue
        case .loginRequired, .locked, .unsaved, .saved: nil
        }
    }
}

extension AgentNews {
    /// Creates the event for an account's news; `nil` if another event reports it.
    init?(_ news: AccountNews, of account: AccountName, _ time: any Time) {
        switch news {
        case .refreshed(let scope, let expiresAt):
            self = .refreshed(
                account, scope: scope.joined(separator: " "), expiresAt: expiresAt.map { time.wall(at: $0) })
        case .refreshFailed(.loginRequired): return nil
        case .refreshFailed(let failure):
            self.init(.refreshFailed, account: account, Problem(failure, account: account))
        case .loginRequired(let reason):
            self.init(.loginRequired, account: account, Problem(.loginRequired(reason), account: account))
        case .locked(let reason): self.init(.locked, account: account, Problem(.locked(reason), account: account))
        case .unsaved(let failure): self.init(.unsaved, account: account, .store(failure))
        case .saved: self.init(.saved, account: account)
        }
    }

    init(_ store: StoreKind, is status: StoreStatus) {
        self = .storeState(
            store.rawValue, status.state, detail: status.detail,
            hint: status.state == .ok ? nil : StoreAdvice(status).hint
        )
    }
}
