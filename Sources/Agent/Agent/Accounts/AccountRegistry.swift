internal import Advice
internal import AgentAPI
internal import Configuration
internal import Logging
internal import OAuth
internal import SecretMemory
internal import Synchronization
internal import Vault

/// The accounts: their files, the lock of the agent, and what occupies an account.
///
/// The order of mutexes: `Logins` and `LeftRegistrations` hold their own while they claim or release an account here, and
/// this one is held while those of an account are taken (settings, vault). Never the other way round.
final class AccountRegistry: Sendable {
    /// What occupies an account. Claims are checked and taken in one step.
    enum Claim: Sendable {
        /// A pending login.
        case login
        /// The registration of a client that outlives its cancelled login.
        case registration
        /// A migration between stores. No login or logout may start beside it.
        case move
    }

    enum MoveClaim {
        case claimed(Account)
        /// A login or a registration occupies the account.
        case refused
        /// The account is gone, or it does not move: it is in the new store already, or in memory.
        case unneeded
    }

    private struct State {
        var accounts: [AccountName: Account] = [:]
        /// Errors of account files that cannot be read, for `status`.
        var fileErrors: [AccountName: ConfigurationError] = [:]
        /// The directories from which they come.
        var directories: Set<String> = []
        var claims: [AccountName: Set<Claim>] = [:]
        var lock = LockState()
        /// Which account a URL belongs to.
        var urls = URLMap()
        let derivations: Derivations

        /// Publishes the account to requests. If the agent was locked while it was created, it is locked too.
        mutating func install(_ account: Account, _ claim: URLClaim?) {
            accounts[account.name] = account
            derivations.set(account)
            fileErrors[account.name] = nil
            urls.set(claim, of: account.name)
            if lock.isClosed { account.vault.close(.requested) }
        }
    }

    private struct LockState {
        var isClosed = false
        /// The passphrase for unlocking, in locked memory; `nil` if none is needed.
        var passphrase: SecretBytes?
        var guesses = PassphraseThrottle()
    }

    /// The queue of reloads and migrations.
    let turn = TurnQueue()
    private let shared: SharedParts
    private let reloadSettings: @Sendable () async throws(ConfigurationError) -> Void
    private let state: Mutex<State>

    init(_ shared: SharedParts, reloadSettings: @escaping @Sendable () async throws(ConfigurationError) -> Void) {
        self.shared = shared
        self.reloadSettings = reloadSettings
        state = Mutex(State(derivations: shared.derivations))
        shared.sources.connect(to: self)
        let (settings, errors) = shared.directory.loadAll()
        for (name, error) in errors {
            shared.logger.error("account file refused", metadata: ["account": "\(name)", "problem": "\(error)"])
        }
        let urls = shared.directory.urls(of: settings, refused: errors.keys)
        for conflict in urls.conflicts.values.sorted(by: { $0.account < $1.account }) {
            shared.logger.error(
                "an account is not found by URL",
                metadata: ["account": "\(conflict.account)", "problem": "\(conflict.error)"])
        }
        state.withLock { state in
            state.directories = shared.directory.inUse
            (state.fileErrors, state.urls) = (errors, urls)
            for (name, settings) in settings {
                let account = Account(name: name, settings: settings, shared: shared)
                state.accounts[name] = account
                shared.derivations.set(account)
            }
        }
    }

    var accounts: [Account] { state.withLock { Array($0.accounts.values) } }

    /// The accounts, and the errors of files that cannot be read.
    var rows: (accounts: [AccountName: Account], fileErrors: [AccountName: ConfigurationError]) {
        state.withLock { ($0.accounts, $0.fileErrors) }
    }

    func known(_ name: AccountName) -> Account? { state.withLock { $0.accounts[name] } }

    /// Returns the accounts that have a URL; `nil` if none has it.
    func match(_ url: ServiceURL) -> URLMatch? {
        // A copy, because the caller chooses how long it takes.
        let urls = state.withLock { $0.urls }
        return urls.match(url)
    }

    /// Returns why the account is not found by its URLs; `nil` if it is, or has none.
    func urlConflict(of name: AccountName) -> URLConflict? { state.withLock { $0.urls.conflicts[name] } }

    /// Returns the account and the agent's lock, in one step.
    func lookUp(_ name: AccountName) -> (account: Account?, isLocked: Bool) {
        state.withLock { ($0.accounts[name], $0.lock.isClosed) }
    }

    /// Returns the account, and loads its file if that was created after the agent started.
    func account(_ name: AccountName) throws(Problem) -> Account {
        if let account = known(name) { return account }
        let settings: AccountSettings?
        do throws(ConfigurationError) { settings = try load(name) } catch { throw .configuration(error) }
        guard let settings else { throw .unknown(name) }
        let fresh = make(name, settings)
        let (directories, claim) = (shared.directory.inUse, shared.directory.claim(settings, of: name))
        return state.withLock { state in
            state.directories.formUnion(directories)
            // Another request has loaded it meanwhile.
            if let account = state.accounts[name] { return account }
            state.install(fresh, claim)
            return fresh
        }
    }

    /// Loads an account's file; `nil` if it has none.
    func load(_ name: AccountName) throws(ConfigurationError) -> AccountSettings? {
        try shared.directory.load(name, beside: unwritten)
    }

    /// The settings of accounts whose files could not be written.
    private var unwritten: [AccountName: AccountSettings] {
        Dictionary(
            accounts.compactMap { account in account.unwritten.map { _ in (account.name, account.settings) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Creates an account that inherits the lock of the one that it replaces.
    func make(_ name: AccountName, _ settings: AccountSettings, insteadOf old: Account? = nil) -> Account {
        Account(name: name, settings: settings, shared: shared, lock: isLocked ? .requested : old?.vault.lockReason)
    }

    /// Publishes the account to requests.
    func install(_ account: Account) {
        let (directories, claim) = (shared.directory.inUse, shared.directory.claim(account.settings, of: account.name))
        state.withLock { state in
            state.directories.formUnion(directories)
            state.install(account, claim)
        }
    }

    /// Has the account found by the URLs of its new settings.
    func settingsChanged(of account: Account) {
        let claim = shared.directory.claim(account.settings, of: account.name)
        state.withLock { state in
            guard state.accounts[account.name] === account else { return }
            shared.derivations.set(account)
            state.urls.set(claim, of: account.name)
        }
    }

    /// Reads accounts' credentials ahead of the first request.
    func read(_ accounts: [Account]) async {
        await withDiscardingTaskGroup { group in
            for account in accounts { group.addTask { await account.vault.readIfUnread() } }
        }
    }

    /// Claims the account for a login. Returns false if the account is not `account` any more.
    func claimLogin(of name: AccountName, expecting account: Account?) throws(Problem) -> Bool {
        try state.withLock { state throws(Problem) -> Bool in
            if state.lock.isClosed { throw Problem(.locked(.requested), account: name) }
            if state.claims[name]?.contains(.move) == true { throw .moving(name) }
            guard state.accounts[name] === account else { return false }
            state.claims[name, default: []].insert(.login)
            return true
        }
    }

    /// Claims the account for a registration, which the next login waits for.
    func claimRegistration(of name: AccountName) {
        state.withLock { _ = $0.claims[name, default: []].insert(.registration) }
    }

    /// Claims the account for a move to another store.
    func claimMove(of name: AccountName, to target: StoreKind) -> MoveClaim {
        state.withLock { state in
            guard let account = state.accounts[name], ![target, .memory].contains(account.settings.store) else {
                return .unneeded
            }
            guard state.claims[name] == nil else { return .refused }
            state.claims[name] = [.move]
            return .claimed(account)
        }
    }

    func release(_ claim: Claim, of name: AccountName) {
        state.withLock { state in
            state.claims[name]?.remove(claim)
            if state.claims[name]?.isEmpty == true { state.claims[name] = nil }
        }
    }

    /// Throws while a migration moves the account.
    func requireUnmoved(_ name: AccountName) throws(Problem) {
        if state.withLock({ $0.claims[name]?.contains(.move) == true }) { throw .moving(name) }
    }

    var isLocked: Bool { state.withLock { $0.lock.isClosed } }

    /// The passphrase for unlocking; `nil` if none is needed.
    var passphrase: SecretBytes? { state.withLock { $0.lock.passphrase } }

    /// Locks the agent, and returns the accounts that are to be locked.
    func close(_ passphrase: String?) {
        state.withLock { state in
            // A second lock must not replace the passphrase of the first.
            if !state.lock.isClosed { state.lock.passphrase = passphrase.map { SecretBytes($0) } }
            state.lock.isClosed = true
        }
    }

    /// Unlocks the agent, and returns the accounts that are to be unlocked.
    func open() -> [Account] {
        state.withLock { state in
            state.lock.isClosed = false
            // Attempts that still wait were counted already.
            state.lock.passphrase = nil
            return Array(state.accounts.values)
        }
    }

    /// Begins the check of a passphrase; `endGuess` follows unless the turn is refused.
    func beginGuess() -> PassphraseThrottle.Turn { state.withLock { $0.lock.guesses.begin(at: shared.time.now) } }

    func endGuess(isRight: Bool?) { state.withLock { $0.lock.guesses.end(isRight: isRight, at: shared.time.now) } }

    /// Throws while the agent is locked: no login, logout or change of a store.
    func requireUnlocked() throws(Problem) {
        if isLocked { throw .agentLocked }
    }

    /// Throws while the agent or the account is locked; `lock_after` may have locked the account.
    func requireUnlocked(_ name: AccountName) throws(Problem) {
        let reason = isLocked ? .requested : known(name)?.vault.lockReason
        if let reason { throw Problem(.locked(reason), account: name) }
    }

    /// Applies the new configuration as a whole, or throws and keeps the old one: if a file is wrong, or if a store
    /// does not take what a replaced account has not written yet.
    func reload() async throws(Problem) {
        let result = await turn.run { () -> Result<Void, Problem> in
            do throws(Problem) { return .success(try await self.readConfiguration()) } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func readConfiguration() async throws(Problem) {
        // Also those that are empty now: another user may have removed the files.
        let directories = shared.directory.inUse
        do throws(ConfigurationError) {
            for directory in directories.union(state.withLock { $0.directories }).sorted() {
                try AccountDirectory.requirePrivate(directory)
            }
        } catch {
            shared.logger.error("reload refused", metadata: ["problem": "\(error)"])
            throw .configuration(error)
        }
        let (settings, errors) = shared.directory.loadAll(beside: unwritten)
        if let error = errors.min(by: { $0.key < $1.key })?.value {
            shared.logger.error("reload refused", metadata: ["problem": "\(error)"])
            throw .configuration(error)
        }
        let urls = shared.directory.urls(of: settings)
        if let conflict = urls.conflicts.values.min(by: { $0.account < $1.account }) {
            shared.logger.error("reload refused", metadata: ["problem": "\(conflict.error)"])
            throw .configuration(conflict.error)
        }
        do throws(ConfigurationError) { try await reloadSettings() } catch {
            shared.logger.error("reload refused", metadata: ["problem": "\(error)"])
            throw .configuration(error)
        }
        let replaced = accounts.filter { account in
            // A login whose file could not be written has settings that are in no file.
            if account.unwritten != nil { return false }
            return settings[account.name].map { !$0.continues(account.settings) } ?? true
        }
        // Write first: the accounts that replace these read the store.
        for account in replaced {
            do throws(StoreFailure) { try await account.vault.flush() } catch {
                shared.logger.error(
                    "reload refused: the store lacks a login",
                    metadata: ["account": "\(account.name)", "store": "\(error.state.rawValue)"]
                )
                throw .store(error)
            }
        }
        // A replaced account's lock passes to its successor.
        let locks = Dictionary(
            replaced.compactMap { account in account.vault.lockReason.map { (account.name, $0) } },
            uniquingKeysWith: { first, _ in first }
        )
        for account in replaced { await account.vault.retire() }
        let (added, changed) = state.withLock { state in
            (state.fileErrors, state.directories) = ([:], directories)
            for account in replaced where state.accounts[account.name] === account {
                state.accounts[account.name] = nil
                shared.derivations.remove(account.name)
            }
            let changed = settings.filter { name, settings in
                state.accounts[name].map { $0.settings != settings && settings.continues($0.settings) } ?? false
            }
            let added = settings.compactMap { name, settings in apply(settings, to: name, &state, locks) }
            state.urls = urls
            return (added, changed.keys)
        }
        // Outside of the mutex: what depends on these accounts is told.
        for name in changed { known(name)?.settingsChanged() }
        // A login that has succeeded since has other settings than the files that were read.
        for account in accounts where account.settings != settings[account.name] { settingsChanged(of: account) }
        shared.logger.info("configuration read again", metadata: ["accounts": "\(settings.count)"])
        shared.feed.report(AgentNews(.reloaded))
        shared.schedule.changed()
        await read(added)
    }

    /// Gives an account the settings of its file. Returns the account if it is new.
    private func apply(
        _ settings: AccountSettings, to name: AccountName, _ state: inout State, _ locks: [AccountName: LockReason]
    ) -> Account? {
        guard let account = state.accounts[name] else {
            let account = Account(
                name: name, settings: settings, shared: shared, lock: state.lock.isClosed ? .requested : locks[name])
            state.accounts[name] = account
            shared.derivations.set(account)
            return account
        }
        // Settings that do not continue these are older than a login that has succeeded since.
        guard settings.continues(account.settings) else { return nil }
        account.unwritten = nil
        let isChanged = account.settings != settings
        account.provider.settings = settings
        shared.derivations.set(account)
        if isChanged { account.vault.forgetTargets() }
        account.vault.apply(settings.lockLimits)
        return nil
    }
}
