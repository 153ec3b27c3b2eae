internal import SecretMemory

/// Logins that begin, are found in the store, and end by the user's will.
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
        replacedAt = nil
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
        (isPerhapsSpent, wasInterrupted) = (journaled.isBegun, journaled.isBegun)
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
        case .success(.credential(let credential)) where credential.isRenewable:
            login = .active(credential)
            lastGrant = grantedAt
        case .success(.credential(let credential)) where !credential.isSignedIn:
            login = credential.end.map { .dead(credential, $0) } ?? .signedOut(.notLoggedIn)
        case .success(.credential(let credential)):
            login = .active(credential)
            token = credential.lastingAccessToken.map {
                AccessToken(
                    lasting: $0, type: "Bearer", scope: credential.scope,
                    origin: credential.isScopeNamed ? .named : .omitted(atMost: nil))
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
        replacedAt = nil
        renewal = nil
        unsaved = nil
        lastFailure = nil
        backoff.succeeded()
        (rejections, grantDoubts, isToldOfDemand) = (0, 0, false)
    }
}
