internal import SecretMemory

/// Logins that begin, are read from the store, and end by the user's will.
extension AccountState {
    /// A login succeeded, or another process's newer credential was found in the store.
    package mutating func adopt(
        _ credential: Credential, token: AccessToken?, grantedAt: ContinuousClock.Instant, jitter: Double
    ) {
        let isSamePerson = self.credential?.identity.flatMap { credential.identity?.isSamePerson(as: $0) } ?? false
        if !isSamePerson { elevated = ElevatedLogins() }
        beginVersion()
        machineHosts = nil
        activate(credential)
        markSaved()
        storage.readAgain = nil
        missingIDToken = nil
        isRenewing = false
        notices.isMissingRefreshTokenReported = false
        if !lock.isClosed { lock.open(at: grantedAt) }
        slots = TokenSlots(own: token, jitter: jitter)
        resetAfterSuccess(grantedAt: grantedAt)
        notices.sourceChanges.append(.replaced)
    }

    /// Takes over what was read from the store. Ignored after a login or a logout since the read began. `isOwn` is false
    /// for a credential of another issuer or client than the settings name: it is kept, and not used.
    package mutating func read(
        _ result: Result<StoreReader.Finding, StoreFailure>, journaled: JournalFinding, isOwn: Bool,
        grantedAt: ContinuousClock.Instant?, at now: ContinuousClock.Instant
    ) {
        guard isUnread else { return }
        (doubts.mayBeSpent, doubts.wasInterrupted) = (journaled.isBegun, journaled.isBegun)
        if journaled.newer != nil, !journaled.isEnded { markUnsaved(isJournaled: true, at: now) }
        storage.readAgain = nil
        switch result {
        case .failure(let failure):
            login = .unread(failure)
            storage.readAgain = now + Self.readGap
        case .success(.none): login = .signedOut(.notLoggedIn)
        case .success(.unreadable): login = .signedOut(.recordUnreadable)
        case .success(.credential(let credential)):
            generation = max(generation, credential.generation)
            if journaled.isEnded {
                login = .signedOut(.notLoggedIn)
            } else if credential.isSignedIn {
                restore(credential, isOwn: isOwn, grantedAt: grantedAt)
            } else {
                login = credential.end.map { .dead(credential, $0) } ?? .signedOut(.notLoggedIn)
            }
        }
    }

    private mutating func restore(_ credential: Credential, isOwn: Bool, grantedAt: ContinuousClock.Instant?) {
        guard isOwn else {
            login = .dead(credential, .settingsChanged)
            return
        }
        login = .active(credential)
        if credential.isRenewable {
            lastGrant = grantedAt
        } else {
            slots.restore(
                credential.lastingAccessToken.map {
                    var token = AccessToken(
                        lasting: $0, type: "Bearer", scope: credential.scope,
                        origin: credential.isScopeNamed ? .named : .omitted(atMost: nil))
                    token.detailTypes = credential.detailTypes
                    return token
                })
        }
    }

    /// Ends the login by the user's will. `change` is what that means to tokens made from the account's; `nil` if the
    /// caller has seen to them. An account without a person begins anew with the next request.
    mutating func signOut(as change: SourceChange?) {
        if let change, credential != nil { notices.sourceChanges.append(change) }
        beginVersion()
        // The next request begins anew, but not with other hosts than a person has seen.
        if isMachine { machineHosts = credential?.endpointHosts ?? machineHosts }
        login = isMachine ? .unread(nil) : .signedOut(.notLoggedIn)
        slots = TokenSlots()
        elevated = ElevatedLogins()
        storage.readAgain = nil
        storage.unsaved = nil
        isRenewing = false
        doubts = RefreshTokenDoubts()
        notices.isDemandReported = false
    }

    /// The account's settings have changed: the same target or role may mean something else now.
    mutating func forgetTargets() {
        slots.dropTargeted()
        roles = RoleSessions()
    }
}
