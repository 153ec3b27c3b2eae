internal import SecretMemory

/// What one account's login and token are at a moment, and what is to be done next. Pure: no I/O, no clock.
///
/// Whoever holds it (`AccountVault`) asks under a lock and acts outside.
package struct AccountState: Sendable {
    package enum Login: Sendable, Equatable {
        /// The store has not been read yet, or could not be.
        case unread(StoreFailure?)
        case signedOut(LoginRequiredReason)
        case active(Credential)
        /// The provider has ended it. Kept until a new login or a logout replaces it.
        case dead(Credential, LoginRequiredReason)
    }

    package enum Decision: Sendable, Equatable {
        case serve(ServedToken)
        case fail(TokenFailure)
        case refresh(Credential)
        /// The last refresh failed: nobody waits for the next one while the token is still valid.
        case serveAndRefresh(ServedToken, Credential)
        case read
    }

    /// Grows with every login, logout and end of a login: an answer that belongs to an older version is dropped.
    package private(set) var version: UInt64 = 0 {
        didSet { targeted = TargetedTokens() }
    }
    package internal(set) var login: Login = .unread(nil)
    package private(set) var token: AccessToken?
    package internal(set) var lock = AccountLock()
    package private(set) var lastFailure: TokenFailure?
    package private(set) var backoff = Backoff()
    /// Set while the store lacks what memory holds.
    package internal(set) var unsaved: Unsaved?
    /// When to refresh ahead of expiry, if the account is in use.
    package private(set) var renewal: ContinuousClock.Instant?
    /// Whether anybody asked for this token since it came.
    package private(set) var isInUse = false
    package private(set) var lastGrant: ContinuousClock.Instant?
    /// Why the last login or refresh brought no ID token to serve, and when it is worth asking again.
    var missingIDToken: (why: NoIDToken, until: ContinuousClock.Instant?)?
    /// When to look again into a store that could not be read, without being asked.
    package private(set) var readAgain: ContinuousClock.Instant?
    /// The largest generation seen, also of logins that are over.
    package private(set) var generation: UInt64 = 0
    /// Tokens with another target than the login's own; gone with every change of `version`.
    var targeted = TargetedTokens()
    /// The refresh token may have been spent by an earlier process that did not live to see the answer.
    private(set) var isPerhapsSpent = false
    /// The key of the journal's entries that the store's record holds: with another one they could not be opened after
    /// a restart.
    var storedJournalKey: SecretBytes?
    private var rejections = 0
    /// What nobody has been told yet; see `AccountVault.changed`.
    package internal(set) var news: [AccountNews] = []
    var isToldOfNoRefreshToken = false

    package struct Unsaved: Sendable, Equatable {
        /// Why the last attempt to write failed, if there was one.
        package var failure: StoreFailure?
        package var backoff = Backoff()
        /// When to write.
        package var due: ContinuousClock.Instant
        /// Whether the credential survives this process all the same.
        package var isJournaled: Bool
        /// Whether a new attempt to write is under way.
        package var isBeingWritten = false

        package init(due: ContinuousClock.Instant, isJournaled: Bool) {
            self.due = due
            self.isJournaled = isJournaled
        }
    }

    package init() {}

    /// A definite refusal without an OAuth error may be a passing fault of a proxy; this many in a row, each after the
    /// back-off, are not.
    package static let rejectionsThatEndALogin = 3
    /// Each look is a run of the keyring helper; nobody waits for it.
    package static let readGap: Duration = .seconds(60)
    package static let rejectionGap: Duration = .seconds(60)

    /// Whether the store is to be read. Not while the account is locked: what is read would be in memory.
    package var isUnread: Bool {
        if case .unread = login { !lock.isClosed } else { false }
    }

    package var storeFailure: StoreFailure? {
        if case .unread(let failure) = login { failure } else { nil }
    }

    package var credential: Credential? {
        switch login {
        case .active(let credential), .dead(let credential, _): credential
        case .unread, .signedOut: nil
        }
    }

    /// A client asks for a token that is valid for `minimumValidity`, and perhaps for an ID token that is as well.
    package mutating func tokenRequested(
        minimumValidity: Duration, needsIDToken: Bool = false, at now: ContinuousClock.Instant
    ) -> Decision {
        if let failure = lockedNow(at: now) { return .fail(failure) }
        let decision = accessTokenRequested(minimumValidity: minimumValidity, at: now)
        if case .fail(.loginRequired(.noRefreshToken)) = decision { tellOfNoRefreshToken() }
        guard needsIDToken else { return decision }
        switch decision {
        case .serve(let served): return idTokenRequested(with: served, minimumValidity: minimumValidity, at: now)
        case .serveAndRefresh(let served, let credential):
            return served.token.idToken?.isValid(at: now) == true ? decision : .refresh(credential)
        case .fail, .refresh, .read: return decision
        }
    }

    private mutating func accessTokenRequested(
        minimumValidity: Duration, at now: ContinuousClock.Instant
    ) -> Decision {
        // Most requests are for a token that is there: for them the credential is not even copied.
        if case .active = login, let token, Freshness.of(token, minimumValidity: minimumValidity, at: now) == .fresh {
            isInUse = true
            return .serve(ServedToken(token, at: now, note: nil))
        }
        switch login {
        case .unread: return .read
        case .signedOut(let reason): return .fail(.loginRequired(reason))
        case .active(let credential):
            guard let token else { return refreshOrFail(credential, at: now) }
            isInUse = true
            switch Freshness.of(token, minimumValidity: minimumValidity, at: now) {
            case .fresh: return .serve(ServedToken(token, at: now, note: nil))
            case .shortLived: return .serve(ServedToken(token, at: now, note: .providerTokensAreShorter))
            case .stale:
                let decision = refreshOrFail(credential, at: now)
                guard lastFailure != nil, let served = servedDespiteFailure(at: now) else { return decision }
                if case .refresh(let credential) = decision { return .serveAndRefresh(served, credential) }
                return .serve(served)
            }
        case .dead(_, let reason):
            if let token, Freshness.of(token, minimumValidity: minimumValidity, at: now) == .fresh {
                return .serve(ServedToken(token, at: now, note: nil))
            }
            return .fail(.loginRequired(reason))
        }
    }

    /// The answer for a client that has waited for a refresh, which may have failed.
    package mutating func answerAfterRefresh(
        minimumValidity: Duration, needsIDToken: Bool = false, at now: ContinuousClock.Instant
    ) -> Result<ServedToken, TokenFailure> {
        switch tokenRequested(minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now) {
        case .serve(let token), .serveAndRefresh(let token, _): .success(token)
        case .fail(let failure): .failure(failure)
        case .refresh, .read:
            // One attempt for one request: whatever it brought is the answer.
            if let served = servedDespiteFailure(at: now),
                !needsIDToken || served.token.idToken?.isValid(at: now) == true
            {
                .success(served)
            } else {
                .failure(lastFailure ?? .providerUnreachable(detail: "the refresh brought no usable token"))
            }
        }
    }

    func refreshOrFail(_ credential: Credential, at now: ContinuousClock.Instant) -> Decision {
        guard credential.refreshToken != nil else { return .fail(.loginRequired(.noRefreshToken)) }
        if let lastFailure, let notBefore = backoff.clientNotBefore, now < notBefore { return .fail(lastFailure) }
        return .refresh(credential)
    }

    /// During an outage a token that is still valid is served; an expired one never is.
    private func servedDespiteFailure(at now: ContinuousClock.Instant) -> ServedToken? {
        guard let token, token.isValid(at: now) else { return nil }
        return ServedToken(
            token, at: now, note: lastFailure.map(ServedToken.Note.renewalFailed) ?? .providerTokensAreShorter)
    }
}

extension AccountState {
    /// A login succeeded, or another process's newer credential was found in the store.
    package mutating func adopt(
        _ credential: Credential, token: AccessToken?, grantedAt: ContinuousClock.Instant, jitter: Double
    ) {
        version += 1
        login = .active(credential)
        generation = max(generation, credential.generation)
        noLongerOwes()
        readAgain = nil
        missingIDToken = nil
        isToldOfNoRefreshToken = false
        if !lock.isClosed { lock.open(at: grantedAt) }
        succeeded(token: token, grantedAt: grantedAt, jitter: jitter)
    }

    /// The store was read. Ignored when a login or a logout has happened meanwhile. `isOwn` is false for a credential
    /// that another issuer granted, or to another client, than the account's settings name: it is kept, and not used.
    package mutating func read(
        _ result: Result<StoreReader.Finding, StoreFailure>, journaled: JournalFinding, isOwn: Bool,
        grantedAt: ContinuousClock.Instant?, at now: ContinuousClock.Instant
    ) {
        guard isUnread else { return }
        isPerhapsSpent = journaled.isBegun
        if journaled.newer != nil, !journaled.isEnded { owes(isJournaled: true, at: now) }
        readAgain = nil
        if case .success(.credential(let credential)) = result { generation = max(generation, credential.generation) }
        switch result {
        case .failure(let failure):
            login = .unread(failure)
            readAgain = now + Self.readGap
        case .success(.unreadable): login = .signedOut(.recordUnreadable)
        case .success(.credential) where journaled.isEnded: login = .signedOut(.notLoggedIn)
        case .success(.credential(let credential)) where !isOwn && credential.isSignedIn:
            login = .dead(credential, .settingsChanged)
        case .success(.credential(let credential)) where credential.refreshToken != nil:
            login = .active(credential)
            lastGrant = grantedAt
        case .success(.credential(let credential)) where !credential.isSignedIn:
            login = credential.end.map { .dead(credential, $0) } ?? .signedOut(.notLoggedIn)
        case .success(.credential(let credential)):
            login = .active(credential)
            token = credential.lastingAccessToken.map {
                AccessToken(lasting: $0, type: "Bearer", scope: credential.scope)
            }
        case .success(.none): login = .signedOut(.notLoggedIn)
        }
    }

    /// Not renewed ahead of the next request: two tokens that end each other would take turns for ever.
    mutating func endOwnToken(at now: ContinuousClock.Instant) {
        token?.end(at: now)
        renewal = nil
        isInUse = false
    }

    /// Forgets the tokens that can be got again.
    mutating func dropTokens() {
        token = nil
        targeted = TargetedTokens()
        renewal = nil
    }

    /// The login is over by the user's will.
    package mutating func signOut() {
        version += 1
        login = .signedOut(.notLoggedIn)
        readAgain = nil
        token = nil
        renewal = nil
        unsaved = nil
        lastFailure = nil
        backoff.succeeded()
        rejections = 0
    }

    /// A refresh brought a new token. `credential` is what the store holds, or will hold, from now on.
    package mutating func renewed(
        _ credential: Credential, token: AccessToken, version: UInt64, grantedAt: ContinuousClock.Instant,
        jitter: Double
    ) {
        guard version == self.version else { return }
        login = .active(credential)
        generation = max(generation, credential.generation)
        var token = token
        // A renewal need not bring a new ID token (OpenID Connect Core 1.0 §12.2): the old one is good until it expires.
        token.idToken = token.idToken ?? self.token?.idToken
        tell(of: token)
        succeeded(token: token, grantedAt: grantedAt, jitter: jitter)
    }

    /// A refresh brought a token that is not to be used. What is kept is the login as it was, with the refresh token
    /// of the moment.
    package mutating func quarantined(
        _ refusal: IdentityRefusal, keeping credential: Credential, version: UInt64, at now: ContinuousClock.Instant,
        jitter: Double
    ) {
        guard version == self.version else { return }
        login = .active(credential)
        generation = max(generation, credential.generation)
        refreshFailed(.identityRefused(refusal), retryAfter: nil, version: version, at: now, jitter: jitter)
    }

    /// The provider has answered a refresh, and maybe replaced the refresh token: whatever becomes of the answer, this is
    /// the credential from now on.
    package mutating func rotated(_ credential: Credential, version: UInt64, grantedAt: ContinuousClock.Instant) {
        guard version == self.version else { return }
        login = .active(credential)
        generation = max(generation, credential.generation)
        lastGrant = grantedAt
        isPerhapsSpent = false
    }

    private mutating func succeeded(token: AccessToken?, grantedAt: ContinuousClock.Instant, jitter: Double) {
        self.token = token
        renewal = token.flatMap { Freshness.renewal(of: $0, jitter: jitter) }
        isInUse = false
        lastGrant = grantedAt
        lastFailure = nil
        isPerhapsSpent = false
        backoff.succeeded()
        rejections = 0
    }

    /// A refresh failed without ending the login.
    package mutating func refreshFailed(
        _ failure: TokenFailure, retryAfter: Duration?, version: UInt64, at now: ContinuousClock.Instant,
        jitter: Double
    ) {
        guard version == self.version else { return }
        lastFailure = failure
        news.append(.refreshFailed(failure))
        switch failure {
        case .providerRejected:
            rejections += 1
            // A minute at least: three of them must outlast a gateway that is being restarted.
            let wait = max(retryAfter ?? .zero, Self.rejectionGap)
            backoff.failed(at: now, retryAfter: wait, definite: true, jitter: jitter)
        case .clientRefused, .configuration, .identityRefused, .providerChanged:
            backoff.failed(at: now, retryAfter: retryAfter, definite: true, jitter: jitter)
        case .locked, .loginRequired, .store, .providerUnreachable, .noIDToken, .targetRefused:
            backoff.failed(at: now, retryAfter: retryAfter, definite: false, jitter: jitter)
        }
        guard rejections > 0, case .active(let credential) = login else { return }
        if isPerhapsSpent {
            // Together with the death of the process that spent it, one refusal says enough, and tries no more.
            end(credential, .rotationLost)
        } else if rejections >= Self.rejectionsThatEndALogin {
            end(credential, .providerRejected)
        }
    }

    /// The provider confirmed the end of the login; `credential` is what is kept of it.
    package mutating func died(_ credential: Credential, _ reason: LoginRequiredReason, version: UInt64) {
        guard version == self.version else { return }
        news.append(.refreshFailed(.loginRequired(reason)))
        end(credential, reason)
    }

    /// The client has expired by our clock, and the provider refuses it. The credential stays as it is: should the
    /// clock be wrong, a restart goes on with it.
    package mutating func clientExpired(version: UInt64) {
        guard version == self.version, case .active(let credential) = login else { return }
        news.append(.refreshFailed(.loginRequired(.clientExpired)))
        end(credential, .clientExpired)
    }

    /// What a confirmed `invalid_grant` means at this moment.
    package var reasonOfDeath: LoginRequiredReason { isPerhapsSpent ? .rotationLost : .grantExpired }

    private mutating func end(_ credential: Credential, _ reason: LoginRequiredReason) {
        version += 1
        login = .dead(credential, reason)
        generation = max(generation, credential.generation)
        renewal = nil
        lastFailure = .loginRequired(reason)
        news.append(.loginRequired(reason))
    }
}
