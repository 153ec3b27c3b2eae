public import OAuth
internal import Synchronization

/// The logins with a named authentication context, beside the account's login.
extension AccountVault {
    /// Why an elevated login is not kept.
    public enum ElevationRefusal: Error, Equatable, Sendable {
        case locked(LockReason)
        /// The account's login is another person's.
        case otherSubject(expected: String)
        /// The account has been replaced or logged out.
        case retired
    }

    /// Keeps an elevated login in memory. `context` is the authentication context of its verified ID token.
    public func elevate(
        _ grant: TokenGrant, to client: GrantedClient, of identity: Identity, in context: String,
        askedScope: [String], askedDetails: AuthorizationDetails? = nil, requestedAt: ContinuousClock.Instant
    ) throws(ElevationRefusal) -> AccessToken {
        let now = ports.time.now
        // As if it were renewable: a token whose lifetime is not known must not stay elevated without end.
        var token = AccessToken(
            grant, scope: grant.scope ?? askedScope, requestedAt: requestedAt, isRenewable: true)
        token.suppose(askedDetails)
        let login = ElevatedLogin(
            token: token, refreshToken: grant.refreshToken, client: client, identity: identity, context: context)
        let result: Result<Void, ElevationRefusal> = guarded.withLock { guarded in
            if guarded.isRetired { return .failure(.retired) }
            if let reason = guarded.state.lock.reason(at: now) { return .failure(.locked(reason)) }
            guard let credential = guarded.state.credential else { return .failure(.retired) }
            if let person = credential.identity, !person.isSamePerson(as: login.identity) {
                return .failure(.otherSubject(expected: person.subject))
            }
            guarded.state.elevated.add(login)
            return .success(())
        }
        changed()
        try result.get()
        return token
    }

    /// What a request for authentication contexts finds.
    public enum ElevatedToken: Sendable {
        case elevated(ElevatedLogin, ServedToken)
        /// The account's own login has the context.
        case own(Identity.Authentication)
        case none
    }

    /// Returns the login with the first of these contexts for which there is one, in memory. Counts as a request.
    public func elevatedToken(
        in contexts: [String], minimumValidity: Duration
    ) throws(TokenFailure) -> ElevatedToken {
        let now = ports.time.now
        let result: Result<ElevatedToken, TokenFailure> = guarded.withLock { guarded in
            if let failure = guarded.state.recordRequest(at: now) { return .failure(failure) }
            let own = guarded.state.credential?.identity?.authentication
            for context in contexts {
                if let found = guarded.state.elevated.token(in: context, minimumValidity: minimumValidity, at: now) {
                    return .success(.elevated(found.login, found.served))
                }
                if let own, own.context == context { return .success(.own(own)) }
            }
            return .success(.none)
        }
        return try result.get()
    }

    /// The elevated logins whose tokens are valid, the newest first; none while the account is locked.
    public var elevatedLogins: [ElevatedLogin] {
        let now = ports.time.now
        return guarded.withLock { guarded in
            guarded.state.lock.reason(at: now) == nil ? guarded.state.elevated.valid(at: now) : []
        }
    }

    /// The person of the login; `nil` without a login, or if the person is not known.
    public var identity: Identity? { guarded.withLock { $0.state.credential?.identity } }
}
