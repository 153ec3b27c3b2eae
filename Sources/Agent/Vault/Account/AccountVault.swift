public import AgentAPI
internal import Synchronization

/// The one owner of one account's tokens. Accounts never wait for each other.
///
/// `AccountState` decides under the lock; this class acts outside it.
public final class AccountVault: Sendable {
    struct Refresh {
        /// `nil` for the login's own token.
        var target: TokenTarget?
        /// What a service has demanded of the token; `nil` for a token as usual.
        var claims: String?
        var version: UInt64
        var task: Task<Void, Never>
    }

    struct Guarded {
        var state = AccountState()
        /// The running refresh: one at a time, because there is one refresh token. Requests for its target join it, and
        /// others wait for its end.
        var refresh: Refresh?
        /// Another change of the credential: a login, a logout, a late write. Never beside a refresh, so that the older
        /// of two credentials never ends up in the store.
        var change: Task<Void, Never>?
        /// The copy from the journal to the store: beside a refresh, but never beside a change.
        var copy: Task<Void, Never>?
        /// The running requests for credentials of AWS roles, beside all others: they change no credential.
        var roleRequests: [AWSRole: RoleTask] = [:]
        /// The requests that wait for a newer token, each until it is removed and resumed.
        var waits: [UInt64: NewerTokenWait] = [:]
        var lastWait: UInt64 = 0
        /// Whether another object has taken over the account.
        var isRetired = false
    }

    public let account: AccountName
    let guarded = Mutex(Guarded())
    let ports: Ports
    /// Tags of tokens count from here, so that those of two starts of the agent differ.
    let firstTag = UInt64.random(in: .min ... .max)

    /// An account's connections to the outside.
    public struct Ports: Sendable {
        var refresher: any GrantRefresher
        /// `nil` for an account with a login.
        var machine: (any MachineRequester)?
        var store: any CredentialStore
        var reader: StoreReader
        /// `nil` if what the store lacks is lost with the process.
        var journal: (any RotationJournal)?
        var time: any Time
        /// From 0 to 1.
        var jitter: @Sendable () -> Double
        /// Called when `nextDue` may have come nearer.
        var scheduleChanged: @Sendable () -> Void
        /// Receives what has happened, in order.
        var report: @Sendable (AccountNews) -> Void
        /// Has the tokens dropped that were made from the account's, before the call returns that has changed it.
        var sourceChanged: @Sendable (SourceChange) -> Void

        public init(
            refresher: any GrantRefresher, machine: (any MachineRequester)? = nil, store: any CredentialStore,
            reader: StoreReader, journal: (any RotationJournal)?, time: any Time,
            jitter: @escaping @Sendable () -> Double, scheduleChanged: @escaping @Sendable () -> Void,
            report: @escaping @Sendable (AccountNews) -> Void,
            sourceChanged: @escaping @Sendable (SourceChange) -> Void = { _ in }
        ) {
            self.refresher = refresher
            self.machine = machine
            self.store = store
            self.reader = reader
            self.journal = journal
            self.time = time
            self.jitter = jitter
            self.scheduleChanged = scheduleChanged
            self.report = report
            self.sourceChanged = sourceChanged
        }
    }

    public init(account: AccountName, limits: LockLimits = LockLimits(), lock: LockReason? = nil, ports: Ports) {
        self.account = account
        self.ports = ports
        guarded.withLock { guarded in
            guarded.state.isMachine = ports.machine != nil
            guarded.state.open(at: ports.time.now)
            guarded.state.apply(limits, at: ports.time.now)
            if let lock { guarded.state.close(lock) }
        }
    }

    /// Whether the store has not been read yet, or could not be.
    public var isUnread: Bool { guarded.withLock { $0.state.isUnread } }

    /// Reads the store unless that has been done. Within a login, a required login is not reported.
    public func readIfUnread(withinLogin isWithinLogin: Bool = false) async {
        guard isUnread else { return }
        // Unstructured task: what one caller reads is for all, so its cancellation must not end the read.
        await Task { await read(withinLogin: isWithinLogin) }.value
    }

    private func read(withinLogin isWithinLogin: Bool) async {
        if let machine = ports.machine { return await readMachine(machine) }
        let result: Result<StoreReader.Finding, StoreFailure>
        var journaled = JournalFinding()
        do throws(StoreFailure) {
            var finding = try await ports.reader.find(account)
            if case .credential(let credential) = finding, let journal = ports.journal {
                journaled = try await journal.finding(after: credential)
                finding = .credential(journaled.newer ?? credential)
            }
            result = .success(finding)
        } catch {
            result = .failure(error)
        }
        let now = ports.time.now
        let wall = ports.time.wall
        let isFirst = guarded.withLock { guarded in
            var grantedAt: ContinuousClock.Instant?
            var isOwn = true
            if case .success(.credential(let credential)) = result {
                grantedAt = now - .seconds(max(0, wall - credential.grantedAt))
                isOwn = ports.refresher.mayReceive(credential) && ports.refresher.allows(credential.identity)
            }
            // It may have been locked meanwhile.
            guard guarded.state.isUnread else { return false }
            if case .success(.credential(let credential)) = result {
                // The journal's credential has the key of the store's.
                guarded.state.storage.journalKey = credential.journalKey
            }
            guarded.state.read(result, journaled: journaled, isOwn: isOwn, grantedAt: grantedAt, at: now)
            if !isWithinLogin { guarded.state.reportRequiredLogin() }
            return true
        }
        changed()
        if isFirst, journaled.isEnded, case .success(.credential(let credential)) = result {
            // Unstructured task: a keyring may ask a person before it deletes, and no request waits for that.
            Task { await completeLogout(of: credential) }
        }
    }

    /// Runs `body` while nothing else changes the credential.
    func exclusively<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        while true {
            let (own, other) = guarded.withLock { guarded -> (Task<Value, Never>?, Task<Void, Never>?) in
                if let other = guarded.refresh?.task ?? guarded.change ?? guarded.copy { return (nil, other) }
                // Unstructured task: a caller that is cancelled must not leave the credential half changed.
                let own = Task {
                    let value = await body()
                    self.guarded.withLock { $0.change = nil }
                    self.changed()
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
