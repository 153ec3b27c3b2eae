internal import Synchronization

/// What has happened to an account's tokens, for whoever watches. Text for people is made by whoever speaks to them.
public enum AccountNews: Equatable, Sendable {
    /// Nil: the provider named no expiry.
    case refreshed(scope: [String], expiresAt: ContinuousClock.Instant?)
    /// One attempt failed. Where it has ended the login, `loginRequired` follows.
    case refreshFailed(TokenFailure)
    case loginRequired(LoginRequiredReason)
    /// Time has locked it.
    case locked(LockReason)
    /// The store has not taken what memory holds; told once, until it is `saved`.
    case unsaved(StoreFailure)
    case saved
}

extension AccountState {
    /// What has happened since this was last asked.
    package mutating func takeNews() -> [AccountNews] {
        defer { news = [] }
        return news
    }

    /// After a look into the store.
    mutating func tellWhetherLoginIsRequired() {
        switch login {
        case .signedOut(let reason), .dead(_, let reason): news.append(.loginRequired(reason))
        case .unread, .active: break
        }
    }

    /// The access token was all there is, and has expired: noticed with each request, and told once.
    mutating func tellOfNoRefreshToken() {
        guard !isToldOfNoRefreshToken else { return }
        isToldOfNoRefreshToken = true
        news.append(.loginRequired(.noRefreshToken))
    }

    mutating func tell(of token: AccessToken) {
        let expiresAt = token.isLifetimeAssumed ? nil : token.expiresAt
        news.append(.refreshed(scope: token.scope, expiresAt: expiresAt))
    }
}

extension AccountVault {
    /// To be called after whatever may have changed the account: tells what has happened, and has the plan looked at.
    /// The one place where an account speaks unasked; a token that is served from memory does not come here.
    func changed() {
        for item in guarded.withLock({ $0.state.takeNews() }) { ports.report(item) }
        ports.scheduleChanged()
    }
}
