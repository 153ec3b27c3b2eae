public import AgentAPI
internal import Synchronization

/// What has happened to an account's tokens, for watchers. The agent makes text of it.
public enum AccountNews: Equatable, Sendable {
    /// `expiresAt`: `nil` if the provider named no expiry.
    case refreshed(scope: [String], expiresAt: ContinuousClock.Instant?)
    /// One attempt failed. Where it has ended the login, `loginRequired` follows.
    case refreshFailed(TokenFailure)
    case loginRequired(LoginRequiredReason)
    /// `lock_after` or `lifetime` has locked the account.
    case locked(LockReason)
    /// The store has not taken what memory holds; reported once, until it is `saved`.
    case unsaved(StoreFailure)
    case saved
    /// An account from which this one's tokens are made needs a login.
    case subjectLoginRequired(AccountName)
}

extension AccountState {
    /// Returns what has happened since the last call.
    package mutating func takeNews() -> [AccountNews] {
        defer { notices.news = [] }
        return notices.news
    }

    /// Returns the changes since the last call that end the tokens made from the account's.
    mutating func takeSourceChanges() -> [SourceChange] {
        defer { notices.sourceChanges = [] }
        return notices.sourceChanges
    }

    /// Reports after a read of the store whether a login is required.
    mutating func reportRequiredLogin() {
        switch login {
        case .signedOut(let reason), .dead(_, let reason): notices.news.append(.loginRequired(reason))
        case .unread, .active: break
        }
    }

    /// Reports once that the access token was the whole login, and has expired: each request notices it.
    mutating func reportMissingRefreshToken() {
        guard !notices.isMissingRefreshTokenReported else { return }
        notices.isMissingRefreshTokenReported = true
        notices.news.append(.loginRequired(.noRefreshToken))
    }

    mutating func reportRefresh(_ token: AccessToken) {
        let expiresAt = token.isLifetimeAssumed ? nil : token.expiresAt
        notices.news.append(.refreshed(scope: token.scope, expiresAt: expiresAt))
    }

    /// Reports a failed refresh, and once the login that it demands.
    mutating func reportFailure(for target: TokenTarget?, at now: ContinuousClock.Instant) {
        guard let failure = failure(for: target, at: now) else { return }
        if case .subjectLoginRequired(let source) = failure {
            // Nothing was sent, and each request notices it.
            if !notices.isDemandReported { reportLostSource(.signedOut(source)) }
            return
        }
        notices.news.append(.refreshFailed(failure))
        guard case .loginDemanded(let reason, _) = failure, !notices.isDemandReported else { return }
        notices.isDemandReported = true
        notices.news.append(.loginRequired(reason))
    }
}

extension AccountVault {
    /// Reports what has happened and has the plan checked again. Call it after every possible change of the account: no
    /// other place reports without a request. Tokens served from memory do not come here.
    func changed() {
        let (news, changes) = guarded.withLock { ($0.state.takeNews(), $0.state.takeSourceChanges()) }
        for change in changes { ports.sourceChanged(change) }
        for item in news { ports.report(item) }
        endFinishedWaits()
        ports.scheduleChanged()
    }
}
