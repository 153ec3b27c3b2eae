public import AgentAPI
internal import Synchronization

/// Requests for a token.
extension AccountVault {
    /// Answers without waiting: with a token from memory, or a refusal; `nil` if a refresh or the store is needed.
    public func tokenAtOnce(
        minimumValidity: Duration, for target: TokenTarget? = nil, needsIDToken: Bool = false, by user: UInt32? = nil
    ) -> Result<ServedToken, TokenFailure>? {
        guard target == nil || !needsIDToken else {
            guard let own = tokenAtOnce(minimumValidity: minimumValidity, needsIDToken: true) else { return nil }
            return tokenAtOnce(minimumValidity: minimumValidity, for: target, by: user)?.flatMap { served in
                own.map { served.with($0.token.idToken) }
            }
        }
        let now = ports.time.now
        let decision = planningFirstUse { guarded in
            let decision = guarded.state.tokenRequested(
                for: target, by: user, minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now
            )
            refreshUnwatched(decision, for: target, &guarded)
            if let served = decision.served { guarded.handsOut(served, for: target, wall: ports.time.wall) }
            return decision
        }
        switch decision {
        case .serve(let token), .serveAndRefresh(let token, _): return .success(token)
        case .fail(let failure): return .failure(failure)
        case .refresh, .read: return nil
        }
    }

    /// Returns the login's own token if it is in memory and valid for long enough, and marks it as used. Asks
    /// `isAdmitted` once, and only then; if it returns false, nothing has changed. It runs under the account's lock.
    public func cachedToken(minimumValidity: Duration, if isAdmitted: () -> Bool) -> ServedToken? {
        let now = ports.time.now
        return planningFirstUse { guarded in
            guard guarded.state.hasFreshToken(minimumValidity: minimumValidity, at: now), isAdmitted(),
                case .serve(let token) = guarded.state.tokenRequested(
                    for: nil, minimumValidity: minimumValidity, needsIDToken: false, at: now)
            else { return nil }
            guarded.handsOut(token, for: nil, wall: ports.time.wall)
            return token
        }
    }

    /// Returns a token valid for at least `minimumValidity`, or for less with a note that says why. Waits if a refresh
    /// is running. RFC 6749 §6. With `needsIDToken` the login's verified ID token, valid as well, comes with it.
    /// `user`: for whom, if not the owner.
    public func token(
        minimumValidity: Duration, for target: TokenTarget? = nil, needsIDToken: Bool = false, by user: UInt32? = nil
    ) async throws(TokenFailure) -> ServedToken {
        guard target == nil || !needsIDToken else {
            // The ID token names the person of the login, whatever the target is.
            let own = try await token(minimumValidity: minimumValidity, needsIDToken: true)
            return try await token(minimumValidity: minimumValidity, for: target, by: user).with(own.token.idToken)
        }
        return try await servedToken(
            minimumValidity: minimumValidity, for: target, needsIDToken: needsIDToken, by: user, isHandedOut: true)
    }

    /// `isHandedOut`: a client gets the token.
    func servedToken(
        minimumValidity: Duration, for target: TokenTarget? = nil, needsIDToken: Bool = false, by user: UInt32? = nil,
        isHandedOut: Bool
    ) async throws(TokenFailure) -> ServedToken {
        while true {
            await readIfUnread()
            let now = ports.time.now
            // Decided and started under one lock: two callers share one refresh.
            let (step, version) = planningFirstUse { guarded in
                let step = nextStep(
                    for: target, by: user, minimumValidity: minimumValidity, needsIDToken: needsIDToken,
                    isHandedOut: isHandedOut, at: now, &guarded)
                return (step, guarded.state.version)
            }
            switch step {
            case .answer(let answer): return try answer.get()
            case .wait(let other):
                // Without its client, a request must not go on to the provider, one after the other for minutes.
                guard await other.valueUnlessCancelled != nil, !Task.isCancelled else { throw .abandoned }
            case .join(let refresh):
                guard await refresh.valueUnlessCancelled != nil else { throw .abandoned }
                // What its token is made from has changed meanwhile, or another account has taken it: decide again.
                if ports.machine != nil,
                    guarded.withLock({
                        $0.state.version != version || (target == nil && $0.state.slots.isOwnTaken)
                    })
                {
                    continue
                }
                return try planningFirstUse { guarded in
                    let answer = guarded.state.answerAfterRefresh(
                        for: target, by: user, minimumValidity: minimumValidity, needsIDToken: needsIDToken,
                        at: ports.time.now
                    )
                    if isHandedOut, case .success(let served) = answer {
                        guarded.handsOut(served, for: target, wall: ports.time.wall)
                    }
                    return answer
                }.get()
            }
        }
    }

    /// Plans a refresh ahead of expiry at the first request for a token; tokens that are not in use have none.
    private func planningFirstUse<Value: Sendable>(_ body: (inout Guarded) -> sending Value) -> Value {
        let (value, isFirst) = guarded.withLock { guarded in
            let wasInUse = guarded.state.slots.own.isInUse
            let value = body(&guarded)
            return (value, (guarded.state.slots.own.isInUse && !wasInUse) || !guarded.state.notices.news.isEmpty)
        }
        if isFirst { changed() }
        return value
    }

    /// What a request does next.
    enum Step<Answer: Sendable>: Sendable {
        case answer(Result<Answer, TokenFailure>)
        /// Decide again after a change, or a refresh for another target: it may replace the refresh token, or end the
        /// login.
        case wait(Task<Void, Never>)
        /// The answer is the result of this refresh.
        case join(Task<Void, Never>)
    }

    private func nextStep(
        for target: TokenTarget?, by user: UInt32?, minimumValidity: Duration, needsIDToken: Bool, isHandedOut: Bool,
        at now: ContinuousClock.Instant, _ guarded: inout Guarded
    ) -> Step<ServedToken> {
        let decision = guarded.state.tokenRequested(
            for: target, by: user, minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now
        )
        refreshUnwatched(decision, for: target, &guarded)
        if isHandedOut, let served = decision.served { guarded.handsOut(served, for: target, wall: ports.time.wall) }
        switch decision {
        case .serve(let token), .serveAndRefresh(let token, _): return .answer(.success(token))
        case .fail(let failure): return .answer(.failure(failure))
        case .read: return unreadStep(guarded)
        case .refresh(let credential): return refreshStep(credential, for: target, by: user, &guarded)
        }
    }

    /// Call `readIfUnread` before the next decision.
    func unreadStep<Answer>(_ guarded: Guarded) -> Step<Answer> {
        // An account without a person was withdrawn since it was read.
        if guarded.state.isMachine, guarded.state.storeFailure == nil { return .wait(Task {}) }
        let failure = guarded.state.storeFailure ?? StoreFailure(.unknown, "the store was not read")
        return .answer(.failure(.store(failure)))
    }

    /// Starts a refresh, or joins the running one if it is for the same target and with the same claims.
    func refreshStep<Answer>(
        _ credential: Credential, for target: TokenTarget?, claims: String? = nil, by user: UInt32? = nil,
        _ guarded: inout Guarded
    ) -> Step<Answer> {
        if let change = guarded.change { return .wait(change) }
        guard let running = guarded.refresh else {
            guarded.state.slots.refreshBegins(for: user)
            return .join(startRefresh(of: credential, for: target, claims: claims, &guarded))
        }
        // The result of one that began before the account was withdrawn is dropped.
        let isSame =
            running.target == target && running.claims == claims && running.version == guarded.state.version
        return isSame ? .join(running.task) : .wait(running.task)
    }

    /// Starts the refresh that no caller waits for, if that was decided.
    private func refreshUnwatched(
        _ decision: AccountState.Decision, for target: TokenTarget?, _ guarded: inout Guarded
    ) {
        guard case .serveAndRefresh(_, let credential) = decision, guarded.change == nil, guarded.refresh == nil
        else { return }
        _ = startRefresh(of: credential, for: target, &guarded)
    }

    /// Forgets tokens with a target and credentials of roles. Call it after a change of the account's settings.
    public func forgetTargets() { guarded.withLock { $0.state.forgetTargets() } }
}

extension AccountState.Decision {
    /// The token that a client gets; `nil` if it gets none yet.
    fileprivate var served: ServedToken? {
        switch self {
        case .serve(let token), .serveAndRefresh(let token, _): token
        case .fail, .refresh, .read: nil
        }
    }
}

extension ServedToken {
    /// The same with the login's ID token.
    fileprivate func with(_ idToken: HeldIDToken?) -> ServedToken {
        var served = self
        served.token.idToken = idToken
        return served
    }
}
