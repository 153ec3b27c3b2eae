public import AgentAPI
internal import Synchronization

/// The one owner of one account's tokens. Accounts know nothing of each other and never wait for each other.
///
/// Decisions are `AccountState`'s, made under the lock; this class acts on them outside of it.
public final class AccountVault: Sendable {
    struct Guarded {
        var state = AccountState()
        /// The refresh that is under way: everybody who needs one joins it.
        var refresh: Task<Void, Never>?
        /// What else is changing the credential: a login, a logout, a write that the store still owes. Never at the
        /// same time as a refresh, so that the older of two never ends up in the store.
        var change: Task<Void, Never>?
    }

    public let account: AccountName
    let guarded = Mutex(Guarded())
    let ports: Ports

    /// What an account needs from outside.
    public struct Ports: Sendable {
        var refresher: any GrantRefresher
        var store: any CredentialStore
        var reader: StoreReader
        var time: any Time
        /// From 0 to 1.
        var jitter: @Sendable () -> Double
        /// Called when `nextDue` may have come nearer.
        var scheduleChanged: @Sendable () -> Void

        public init(
            refresher: any GrantRefresher, store: any CredentialStore, reader: StoreReader, time: any Time,
            jitter: @escaping @Sendable () -> Double, scheduleChanged: @escaping @Sendable () -> Void
        ) {
            self.refresher = refresher
            self.store = store
            self.reader = reader
            self.time = time
            self.jitter = jitter
            self.scheduleChanged = scheduleChanged
        }
    }

    public init(account: AccountName, ports: Ports) {
        self.account = account
        self.ports = ports
    }

    /// What can be answered without waiting: a token from memory, or a refusal. Nil when a refresh or the store is
    /// needed.
    public func tokenAtOnce(
        minimumValidity: Duration, needsIDToken: Bool = false
    ) -> Result<ServedToken, TokenFailure>? {
        let now = ports.time.now
        let (decision, firstUse) = guarded.withLock { guarded in
            let wasInUse = guarded.state.isInUse
            let decision = guarded.state.tokenRequested(
                minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now
            )
            refreshUnwatched(decision, &guarded)
            return (decision, guarded.state.isInUse && !wasInUse)
        }
        if firstUse { ports.scheduleChanged() }
        switch decision {
        case .serve(let token), .serveAndRefresh(let token, _): return .success(token)
        case .fail(let failure): return .failure(failure)
        case .refresh, .read: return nil
        }
    }

    /// Returns a token valid for at least `minimumValidity`, or for less with a note that says why. Waits if a refresh
    /// is running. RFC 6749 §6. With `needsIDToken` it comes with a verified ID token that is valid as well.
    public func token(
        minimumValidity: Duration, needsIDToken: Bool = false
    ) async throws(TokenFailure) -> ServedToken {
        await readIfUnread()
        while true {
            let now = ports.time.now
            // Decided and started under one lock: two callers share one refresh.
            let step = guarded.withLock {
                nextStep(minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now, &$0)
            }
            switch step {
            case .answer(let answer): return try answer.get()
            case .wait(let change): await change.value
            case .join(let refresh):
                await refresh.value
                return try guarded.withLock {
                    $0.state.answerAfterRefresh(
                        minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: ports.time.now
                    )
                }.get()
            }
        }
    }

    /// What a request for a token does next.
    private enum Step {
        case answer(Result<ServedToken, TokenFailure>)
        /// Decide anew after the change: it may bring a token, or end the login.
        case wait(Task<Void, Never>)
        case join(Task<Void, Never>)
    }

    private func nextStep(
        minimumValidity: Duration, needsIDToken: Bool, at now: ContinuousClock.Instant, _ guarded: inout Guarded
    ) -> Step {
        let decision = guarded.state.tokenRequested(
            minimumValidity: minimumValidity, needsIDToken: needsIDToken, at: now
        )
        refreshUnwatched(decision, &guarded)
        switch decision {
        case .serve(let token), .serveAndRefresh(let token, _): return .answer(.success(token))
        case .fail(let failure): return .answer(.failure(failure))
        case .read:
            let failure = guarded.state.storeFailure ?? StoreFailure(.unknown, "the store was not read")
            return .answer(.failure(.store(failure)))
        case .refresh(let credential):
            if let change = guarded.change { return .wait(change) }
            return .join(joinRefresh(of: credential, &guarded))
        }
    }

    /// Whether the store has yet to be read, or could not be read.
    public var isUnread: Bool { guarded.withLock { $0.state.isUnread } }

    /// Starts the refresh that nobody waits for, if that was decided.
    private func refreshUnwatched(_ decision: AccountState.Decision, _ guarded: inout Guarded) {
        guard case .serveAndRefresh(_, let credential) = decision, guarded.change == nil else { return }
        _ = joinRefresh(of: credential, &guarded)
    }

    /// Reads the store unless the account is already known.
    public func readIfUnread() async {
        guard isUnread else { return }
        let result: Result<StoreReader.Finding, StoreFailure>
        do throws(StoreFailure) {
            result = .success(try await ports.reader.find(account))
        } catch {
            result = .failure(error)
        }
        let now = ports.time.now
        let wall = ports.time.wall
        guarded.withLock { guarded in
            var grantedAt: ContinuousClock.Instant?
            var isOwn = true
            if case .success(.credential(let credential)) = result {
                grantedAt = now - .seconds(max(0, wall - credential.grantedAt))
                isOwn = ports.refresher.mayReceive(credential) && ports.refresher.allows(credential.identity)
            }
            guarded.state.read(result, isOwn: isOwn, grantedAt: grantedAt, at: now)
        }
        ports.scheduleChanged()
    }

    /// To be called when no change is under way.
    func joinRefresh(of credential: Credential, _ guarded: inout Guarded) -> Task<Void, Never> {
        if let running = guarded.refresh { return running }
        let version = guarded.state.version
        // No parent: a client that goes away must not cancel the request that carries the next refresh token.
        let task = Task {
            await self.refresh(credential, version: version)
            self.guarded.withLock { $0.refresh = nil }
            self.ports.scheduleChanged()
        }
        guarded.refresh = task
        return task
    }

    /// Runs `body` once nothing else is changing the credential, and lets nothing else do so until its end.
    func exclusively<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        while true {
            let (own, other) = guarded.withLock { guarded -> (Task<Value, Never>?, Task<Void, Never>?) in
                if let other = guarded.refresh ?? guarded.change { return (nil, other) }
                // No parent: a caller that is cancelled must not leave the credential half changed.
                let own = Task {
                    let value = await body()
                    self.guarded.withLock { $0.change = nil }
                    self.ports.scheduleChanged()
                    return value
                }
                guarded.change = Task { _ = await own.value }
                return (own, nil)
            }
            if let own { return await own.value }
            await other?.value
        }
    }
}
