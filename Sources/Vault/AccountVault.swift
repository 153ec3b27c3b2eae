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
    public func tokenAtOnce(minimumValidity: Duration) -> Result<ServedToken, TokenFailure>? {
        let now = ports.time.now
        let (decision, firstUse) = guarded.withLock { guarded in
            let wasInUse = guarded.state.isInUse
            let decision = guarded.state.tokenRequested(minimumValidity: minimumValidity, at: now)
            return (decision, guarded.state.isInUse && !wasInUse)
        }
        if firstUse { ports.scheduleChanged() }
        switch decision {
        case .serve(let token): return .success(token)
        case .fail(let failure): return .failure(failure)
        case .refresh, .read: return nil
        }
    }

    /// Returns a token valid for at least `minimumValidity`, or for less with a note that says why. Waits if a refresh
    /// is running. RFC 6749 §6.
    public func token(minimumValidity: Duration) async throws(TokenFailure) -> ServedToken {
        await readIfUnread()
        let now = ports.time.now
        let (decision, refresh) = guarded.withLock { guarded -> (AccountState.Decision, Task<Void, Never>?) in
            let decision = guarded.state.tokenRequested(minimumValidity: minimumValidity, at: now)
            // Decided and started under one lock: two callers share one refresh.
            guard case .refresh(let credential) = decision else { return (decision, nil) }
            return (decision, joinRefresh(of: credential, &guarded))
        }
        switch decision {
        case .serve(let token): return token
        case .fail(let failure): throw failure
        case .read:
            throw guarded.withLock { $0.state.storeFailure.map(TokenFailure.store) }
                ?? .store(StoreFailure(.unknown, "the store was not read"))
        case .refresh: break
        }
        await refresh?.value
        return try guarded.withLock {
            $0.state.answerAfterRefresh(minimumValidity: minimumValidity, at: ports.time.now)
        }.get()
    }

    /// Reads the store unless the account is already known.
    public func readIfUnread() async {
        guard guarded.withLock({ $0.state.isUnread }) else { return }
        let result: Result<Credential?, StoreFailure>
        do throws(StoreFailure) {
            result = .success(try await ports.reader.credential(of: account))
        } catch {
            result = .failure(error)
        }
        let now = ports.time.now
        let wall = ports.time.wall
        guarded.withLock { guarded in
            var grantedAt: ContinuousClock.Instant?
            if case .success(let credential?) = result {
                grantedAt = now - .seconds(max(0, wall - credential.grantedAt))
            }
            guarded.state.read(result, grantedAt: grantedAt)
        }
        ports.scheduleChanged()
    }

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
}
