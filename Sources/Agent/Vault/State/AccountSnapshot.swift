internal import Synchronization

/// What `status` shows of one account at one moment, without waiting.
public struct AccountSnapshot: Sendable {
    public enum Login: Sendable, Equatable {
        case unread(StoreFailure?)
        case locked(LockReason)
        case loginRequired(LoginRequiredReason)
        case active
    }

    public var login: Login
    /// Of the token in memory, else of the login; empty if there is neither.
    public var scope: [String]
    public var expiresAt: ContinuousClock.Instant?
    public var nextRefresh: ContinuousClock.Instant?
    /// When a refresh last brought a token of the login itself; `nil` before the first of this agent.
    public var lastRefresh: ContinuousClock.Instant?
    public var lastFailure: TokenFailure?
    public var identity: Identity?
    /// When the login itself ends, if the provider has named that.
    public var loginExpiry: LoginExpiry?
    /// What the provider granted to the login once and no longer grants.
    public var lostScope: [String]
    /// Why the ID token that the provider sent is not served.
    public var idTokenProblem: NoIDToken?
    /// Why the store lacks what memory holds.
    public var unsaved: StoreFailure?
    /// Whether the newest refresh token is in the journal and not yet in the store.
    public var isOnlyInJournal: Bool
}

extension AccountVault {
    public func snapshot(keepAlive: Duration?) -> AccountSnapshot {
        let now = ports.time.now
        return guarded.withLock { guarded in
            let state = guarded.state
            let login: AccountSnapshot.Login =
                if let reason = state.lock.reason(at: now) {
                    .locked(reason)
                } else {
                    switch state.login {
                    case .unread(let failure): .unread(failure)
                    case .signedOut(let reason): .loginRequired(reason)
                    case .active(let credential):
                        credential.isSignedIn || state.slots.own.token?.isValid(at: now) == true
                            ? .active : .loginRequired(state.current(.noRefreshToken))
                    case .dead(_, let reason): .loginRequired(state.current(reason))
                    }
                }
            return AccountSnapshot(
                login: login,
                scope: state.slots.own.token?.scope ?? state.credential?.scope ?? [],
                expiresAt: state.slots.own.token.flatMap { $0.isLifetimeAssumed ? nil : $0.expiresAt },
                nextRefresh: state.refreshDue(keepAlive: keepAlive),
                lastRefresh: state.slots.own.refreshedAt,
                lastFailure: state.failure(for: nil, at: now),
                identity: state.credential?.identity,
                loginExpiry: state.credential?.loginExpiry,
                lostScope: state.credential?.lostScope ?? [],
                idTokenProblem: state.idTokenProblem,
                unsaved: state.storage.unsaved?.failure,
                isOnlyInJournal: state.storage.unsaved?.isJournaled == true
            )
        }
    }
}

extension AccountVault {
    /// The client that the login was granted to; `nil` without a login, or if the store has not been read.
    public var client: GrantedClient? { guarded.withLock { $0.state.credential?.client } }

    /// When the login itself ends; `nil` as for `client`, and if the provider has not named it.
    public var loginExpiry: LoginExpiry? { guarded.withLock { $0.state.credential?.loginExpiry } }

    /// What the login was granted; `nil` as for `client`, and empty if the provider has not named it.
    public var loginScope: [String]? { guarded.withLock { $0.state.credential?.scope } }
}
