internal import Synchronization

/// The end of a login that the agent itself may renew by asking the user.
extension AccountState {
    /// Why a login is required: while the user is asked to renew it, that is the reason.
    func current(_ reason: LoginRequiredReason) -> LoginRequiredReason { isRenewing ? .renewalPending : reason }

    /// When the login has ended or will end for certain, with what is known of it; `nil` if only the provider can tell.
    ///
    /// The provider has ended it if it has confirmed so with `invalid_grant`. Other refusals may be passing faults. A login
    /// without a refresh token ends with its access token.
    func knownEnd(at now: ContinuousClock.Instant) -> (login: Credential, at: ContinuousClock.Instant)? {
        switch login {
        case .dead(let credential, _): return credential.end == nil ? nil : (credential, now)
        case .active(let credential):
            guard !credential.isSignedIn, let expiresAt = slots.own.token?.expiresAt else { return nil }
            return (credential, expiresAt)
        case .unread, .signedOut: return nil
        }
    }
}

extension AccountVault {
    /// The login's end, if it is certain, on the clock of `Time.now`; `nil` also while the account is locked.
    public func knownEnd(at now: ContinuousClock.Instant) -> (login: Credential, at: ContinuousClock.Instant)? {
        guarded.withLock { guarded in
            guarded.state.lock.reason(at: now) == nil ? guarded.state.knownEnd(at: now) : nil
        }
    }

    /// Whether the user is asked to renew the login. Requests for a token are refused with that reason meanwhile.
    public var isRenewing: Bool {
        get { guarded.withLock { $0.state.isRenewing } }
        set {
            guarded.withLock { guarded in
                // No request has noticed yet that the access token was the whole login.
                if newValue, case .active = guarded.state.login { guarded.state.reportMissingRefreshToken() }
                guarded.state.isRenewing = newValue
            }
            changed()
        }
    }
}
