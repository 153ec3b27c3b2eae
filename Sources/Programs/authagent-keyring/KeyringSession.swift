internal import KeyringProtocol

/// The way to the keyring that jobs of one helper share: the bus connection, and libsecret's session on it.
struct KeyringSession {
    private let channel: AgentChannel
    private var bus: SessionBus?
    private var keyring: Keyring?
    /// The program that provides the keyring, as far as that is known.
    private(set) var program: String?
    /// This keyring locks items for each client: another helper would have to be allowed them anew.
    private var locksForEachClient = false
    /// The job is tried with another session.
    private var isRepeated = false
    /// Whose answer is waited for, or was given.
    private var asked: SessionBus.Provider?

    init(_ channel: AgentChannel) { self.channel = channel }

    /// Only where it makes a difference, and where no buffer of the connection keeps a secret in the clear.
    var isToStay: Bool {
        channel.takesMore && locksForEachClient && (keyring?.isEncrypted ?? false)
    }

    /// Waits for the next job; false when the agent or the bus has ended.
    func waitForJob() -> Bool { channel.waitForJob(whileOpen: bus?.descriptor ?? -1) }

    mutating func perform(_ job: KeyringJob) throws(KeyringFailure) -> KeyringReply {
        let bus = try openBus()
        let provider = try bus.provider()
        program = provider.program
        // Whatever the keyring does to this process: its name is known by then.
        if channel.takesMore, !channel.write(KeyringReply(state: .asking, program: program)) {
            throw .agentIsGone
        }
        let collection = try bus.unlockedCollection(of: provider)
        isRepeated = false
        do throws(KeyringFailure) {
            return try perform(job, with: try open(provider, on: bus), in: collection, on: bus)
        } catch {
            guard error.state == .failed, error.item == nil, error != .agentIsGone else { throw error }
            // kwalletd5 spoils one session in a hundred. Jobs can be repeated.
            keyring = nil
            isRepeated = true
            return try perform(job, with: try open(provider, on: bus), in: collection, on: bus)
        }
    }

    /// Asks for items that are locked, if there are such.
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

    /// Anew after a restart of the provider: another connection is another process, which knows nothing of the session.
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
                    state: .failed, detail: "the keyring does not give the secret of '\(record.label)'")
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

    /// Items are locked for this client: a person is asked to allow them, once, and by a helper that will be there when
    /// the answer comes.
    private mutating func askOnce(with keyring: Keyring, in collection: String, on bus: SessionBus) {
        locksForEachClient = true
        guard isToStay, asked != keyring.provider, let items = try? keyring.lockedItems(in: collection) else { return }
        asked = keyring.provider
        bus.ask(for: items.map(\.path))
    }
}
