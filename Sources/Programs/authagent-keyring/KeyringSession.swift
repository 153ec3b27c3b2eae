internal import KeyringProtocol

/// The bus connection and libsecret's session on it, shared by the jobs of one helper.
struct KeyringSession {
    private let channel: AgentChannel
    private var bus: SessionBus?
    private var keyring: Keyring?
    /// The keyring program; `nil` if it is not known.
    private(set) var program: String?
    /// Whether the keyring locks items per client: a new helper would need the user's permission again.
    private var locksForEachClient = false
    /// Whether the job was repeated with a new session.
    private var isRepeated = false
    /// The provider that received the last request.
    private var asked: SessionBus.Provider?

    init(_ channel: AgentChannel) { self.channel = channel }

    /// Only if it makes a difference, and if no buffer of the connection holds a secret in plain text.
    var isToStay: Bool {
        channel.takesMore && locksForEachClient && (keyring?.isEncrypted ?? false)
    }

    /// Waits for the next job; false if the agent or the bus has ended.
    func waitForJob() -> Bool { channel.waitForJob(whileOpen: bus?.descriptor ?? -1) }

    mutating func perform(_ job: KeyringJob) throws(KeyringFailure) -> KeyringReply {
        let bus = try openBus()
        let provider = try bus.provider()
        program = provider.program
        // Reported first, so that the agent knows the keyring's name even if the keyring then hangs or ends this
        // process.
        if channel.takesMore, !channel.write(KeyringReply(state: .asking, program: program)) {
            throw .agentIsGone
        }
        let collection = try bus.unlockedCollection(of: provider)
        isRepeated = false
        do throws(KeyringFailure) {
            return try perform(job, with: try open(provider, on: bus), in: collection, on: bus)
        } catch {
            guard error.state == .failed, error.item == nil, error != .agentIsGone else { throw error }
            // kwalletd5 breaks one session in a hundred. Jobs are idempotent, so they are repeated.
            keyring = nil
            isRepeated = true
            return try perform(job, with: try open(provider, on: bus), in: collection, on: bus)
        }
    }

    /// Requests access to locked items, if there are any.
    private mutating func perform(
        _ job: KeyringJob, with keyring: Keyring, in collection: String, on bus: SessionBus
    ) throws(KeyringFailure) -> KeyringReply {
        do throws(KeyringFailure) { return try done(job, with: keyring, in: collection, on: bus) } catch {
            if error.state == .locked, error.item != nil { askOnce(with: keyring, in: collection, on: bus) }
            throw error
        }
    }

    private mutating func openBus() throws(KeyringFailure) -> SessionBus {
        if let bus { return bus }
        let opened = try SessionBus()
        bus = opened
        return opened
    }

    /// Opens a session; a new one after a restart of the provider, which has lost the old one.
    private mutating func open(
        _ provider: SessionBus.Provider, on bus: SessionBus
    ) throws(KeyringFailure) -> Keyring {
        if let keyring, keyring.provider == provider { return keyring }
        let opened = try Keyring(of: provider, on: bus) { [channel] in channel.isAwaited }
        keyring = opened
        return opened
    }

    private mutating func done(
        _ job: KeyringJob, with keyring: Keyring, in collection: String, on bus: SessionBus
    ) throws(KeyringFailure) -> KeyringReply {
        switch job {
        case .probe:
            let locked = try keyring.lockedItems(in: collection).first?.label
            locksForEachClient = locksForEachClient || locked != nil
            return KeyringReply(state: .ok, hasCollection: true, item: locked)
        case .load:
            let records = try keyring.records(in: collection)
            if !isRepeated, let record = records.first(where: \.isWithoutSecret) {
                throw KeyringFailure(
                    state: .failed, detail: "the keyring does not return the secret of '\(record.label)'")
            }
            if records.contains(where: \.isLocked) { askOnce(with: keyring, in: collection, on: bus) }
            return KeyringReply(state: .ok, records: records)
        case .save(let record):
            let item = try keyring.save(record, in: collection, on: bus)
            let mayLock = !locksForEachClient && keyring.provider.program != SessionBus.Provider.gnomeKeyring
            if mayLock, bus.isLockedForOthers(item) { locksForEachClient = true }
        case .remove(let account, let purpose):
            try keyring.remove(account: account, purpose: purpose, in: collection, on: bus)
        case .renew(let account, let purpose):
            try keyring.renew(account: account, purpose: purpose, in: collection, on: bus)
        }
        return KeyringReply(state: .ok)
    }

    /// Requests access to items that are locked for this client: once, and from a helper that is still running when the
    /// user replies.
    private mutating func askOnce(with keyring: Keyring, in collection: String, on bus: SessionBus) {
        locksForEachClient = true
        guard isToStay, asked != keyring.provider, let items = try? keyring.lockedItems(in: collection) else { return }
        asked = keyring.provider
        bus.ask(for: items.map(\.path))
    }
}
