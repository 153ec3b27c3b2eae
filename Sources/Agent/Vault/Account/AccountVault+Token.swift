public import AgentAPI
internal import Synchronization

/// Requests for a token.
extension AccountVault {
    /// What can be answered without waiting: a token from memory, or a refusal. Nil when a refresh or the store is
    /// needed.
    public func tokenAtOnce(
        minimumValidity: Duration, for target: TokenTarget? = nil, needsIDToken: Bool = false
    ) -> Result<ServedToken, TokenFailure>? {
        guard target == nil || !needsIDToken else {
            guard let own = tokenAtOnce(minimumValidity: minimumValidity, needsIDToken: true) else { return nil }
            return tokenAtOnce(minimumValidity: minimumValidity, for: target)?.flatMap { served in
                own.map { served.with($0.token.idToken) }
            }
        }
        let now = ports.time.now
        let decision = planningFirstUse { guarded in
            let decision = guarded.state.tokenRequested(
                for: target, minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now
            )
            refreshUnwatched(decision, for: target, &guarded)
            return decision
        }
        switch decision {
        case .serve(let token), .serveAndRefresh(let token, _): return .success(token)
        case .fail(let failure): return .failure(failure)
        case .refresh, .read: return nil
        }
    }

    /// Returns a token valid for at least `minimumValidity`, or for less with a note that says why. Waits if a refresh
    /// is running. RFC 6749 §6. With a `target` it is for that; with `needsIDToken` it comes with the login's verified
    /// ID token, which is valid as well.
    public func token(
        minimumValidity: Duration, for target: TokenTarget? = nil, needsIDToken: Bool = false
    ) async throws(TokenFailure) -> ServedToken {
        guard target == nil || !needsIDToken else {
            // The ID token says who has logged in, whatever else is asked for: it is the login's.
            let own = try await token(minimumValidity: minimumValidity, needsIDToken: true)
            return try await token(minimumValidity: minimumValidity, for: target).with(own.token.idToken)
        }
        await readIfUnread()
        while true {
            let now = ports.time.now
            // Decided and started under one lock: two callers share one refresh.
            let step = planningFirstUse {
                nextStep(for: target, minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now, &$0)
            }
            switch step {
            case .answer(let answer): return try answer.get()
            case .wait(let other): await other.value
            case .join(let refresh):
                await refresh.value
                return try planningFirstUse {
                    $0.state.answerAfterRefresh(
                        for: target, minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: ports.time.now
                    )
                }.get()
            }
        }
    }

    /// Only a token that somebody has asked for is renewed ahead of its expiry: the first request for it makes a plan.
    private func planningFirstUse<Value: Sendable>(_ body: (inout Guarded) -> sending Value) -> Value {
        let (value, isFirst) = guarded.withLock { guarded in
            let wasInUse = guarded.state.isInUse
            let value = body(&guarded)
            return (value, (guarded.state.isInUse && !wasInUse) || !guarded.state.news.isEmpty)
        }
        if isFirst { changed() }
        return value
    }

    /// What a request for a token does next.
    private enum Step {
        case answer(Result<ServedToken, TokenFailure>)
        /// Decide anew after a change, or a refresh for another target: it may replace the refresh token, or end the
        /// login.
        case wait(Task<Void, Never>)
        case join(Task<Void, Never>)
    }

    private func nextStep(
        for target: TokenTarget?, minimumValidity: Duration, needsIDToken: Bool, at now: ContinuousClock.Instant,
        _ guarded: inout Guarded
    ) -> Step {
        let decision = guarded.state.tokenRequested(
            for: target, minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now
        )
        refreshUnwatched(decision, for: target, &guarded)
        switch decision {
        case .serve(let token), .serveAndRefresh(let token, _): return .answer(.success(token))
        case .fail(let failure): return .answer(.failure(failure))
        case .read:
            let failure = guarded.state.storeFailure ?? StoreFailure(.unknown, "the store was not read")
            return .answer(.failure(.store(failure)))
        case .refresh(let credential):
            if let change = guarded.change { return .wait(change) }
            if let running = guarded.refresh {
                return running.target == target ? .join(running.task) : .wait(running.task)
            }
            return .join(startRefresh(of: credential, for: target, &guarded))
        }
    }

    /// Starts the refresh that nobody waits for, if that was decided.
    private func refreshUnwatched(
        _ decision: AccountState.Decision, for target: TokenTarget?, _ guarded: inout Guarded
    ) {
        guard case .serveAndRefresh(_, let credential) = decision, guarded.change == nil, guarded.refresh == nil
        else { return }
        _ = startRefresh(of: credential, for: target, &guarded)
    }

    /// To be called when neither a refresh nor a change is under way.
    func startRefresh(
        of credential: Credential, for target: TokenTarget?, _ guarded: inout Guarded
    ) -> Task<Void, Never> {
        let version = guarded.state.version
        // No parent: a client that goes away must not cancel the request that carries the next refresh token.
        let task = Task {
            if let target {
                await self.refresh(credential, for: target, version: version)
            } else {
                await self.refresh(credential, version: version)
            }
            self.guarded.withLock { $0.refresh = nil }
            self.changed()
        }
        guarded.refresh = Refresh(target: target, task: task)
        return task
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
