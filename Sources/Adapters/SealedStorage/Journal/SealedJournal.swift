public import AgentAPI
internal import OAuth
internal import SecretMemory
internal import Synchronization
internal import System
public import Vault

/// The rotation journal in sealed files, at most two per account:
///
/// - `ACCOUNT~GENERATION.intent`: the refresh token of this generation is being spent;
/// - `ACCOUNT~GENERATION.rotated`: the credential of this generation, which the store may lack;
/// - `ACCOUNT~GENERATION.ended`: the login ended at this generation, and the store may still have it.
///
/// With the generation in the name, no rotation overwrites another's entry, and obsolete entries are recognized without
/// the key.
public final class SealedJournal: RotationJournal {
    private struct State {
        var entries: [AccountName: Set<JournalEntry>]
        /// Disk space reserved for the credentials that running requests will return.
        var rooms: [AccountName: (generation: UInt64, reservation: Reservation)] = [:]
        /// One queue per account: slow disk access for one account does not delay another.
        var lanes: [AccountName: BlockingQueue] = [:]
    }

    private let directory: DurableDirectory
    private let state: Mutex<State>

    /// Extra space for a new refresh token that is longer than the old one. Most are shorter than 4 KiB; a longer one
    /// is still written if the disk has space by then.
    private static let spareRoom = 16 * 1024
    /// A credential has few tokens, and the reply parser limits their size.
    static let largestEntry = 1 << 20

    /// Opens the journal in this directory, or creates it. Only one process may have it open.
    public init(path: String) throws(FileFailure) {
        directory = try DurableDirectory(making: path)
        var entries: [AccountName: Set<JournalEntry>] = [:]
        for entry in try directory.names().compactMap(JournalEntry.init) {
            entries[entry.account, default: []].insert(entry)
        }
        state = Mutex(State(entries: entries))
    }

    public func begin(_ credential: Credential) async throws(StoreFailure) {
        guard let key = credential.sealingKey else { throw .noKey }
        let intent = JournalEntry(.intent, of: credential)
        var next = credential
        next.generation += 1
        let rotated = JournalEntry(.rotated, of: next)
        try await blocking(intent.account) { () throws(FileFailure) in
            let size = credential.record.secret.count + Self.spareRoom + Envelope.overhead
            let reservation = try self.directory.reserve(rotated.fileName, size: size)
            try self.directory.write(intent.fileName, Envelope.seal(credential.tokenHash, as: intent.label, with: key))
            self.state.withLock { state in
                state.rooms[intent.account] = (rotated.generation, reservation)
                _ = state.entries[intent.account, default: []].insert(intent)
            }
        }
    }

    public func abandon(_ credential: Credential) async {
        await remove(of: credential.account) { $0 == JournalEntry(.intent, of: credential) }
        releaseReservation(of: credential.account)
    }

    public func complete(_ credential: Credential) async throws(StoreFailure) {
        guard let key = credential.sealingKey else { throw .noKey }
        let entry = JournalEntry(.rotated, of: credential)
        try await blocking(entry.account) { () throws(FileFailure) in
            let sealed = Envelope.seal(credential.record.secret, as: entry.label, with: key)
            let room = self.state.withLock { $0.rooms.removeValue(forKey: entry.account) }
            if let room, room.generation == entry.generation {
                try self.directory.commit(room.reservation, sealed)
            } else {
                try self.directory.write(entry.fileName, sealed)
            }
            self.state.withLock { _ = $0.entries[entry.account, default: []].insert(entry) }
        }
        // At most two files remain even if the store is unavailable for long. Not awaited: older entries are never
        // read.
        Task { await self.remove(of: entry.account) { $0.generation < entry.generation } }
    }

    public func end(_ credential: Credential) async throws(StoreFailure) {
        guard let key = credential.sealingKey else { throw .noKey }
        let entry = JournalEntry(.ended, of: credential)
        try await blocking(entry.account) { () throws(FileFailure) in
            try self.directory.write(entry.fileName, Envelope.seal(credential.tokenHash, as: entry.label, with: key))
            self.state.withLock { _ = $0.entries[entry.account, default: []].insert(entry) }
        }
    }

    public func clear(_ account: AccountName, upTo generation: UInt64) async {
        await remove(of: account) { entry in
            switch entry.kind {
            // The refresh token of this generation may be on its way to the provider.
            case .intent, .ended: entry.generation < generation
            case .rotated: entry.generation <= generation
            }
        }
        let isOver = state.withLock { ($0.rooms[account]?.generation ?? .max) <= generation }
        if isOver { releaseReservation(of: account) }
    }

    public func forget(_ account: AccountName) async {
        await remove(of: account) { _ in true }
        releaseReservation(of: account)
    }

    public func finding(after credential: Credential) async throws(StoreFailure) -> JournalFinding {
        guard let key = credential.sealingKey else { return JournalFinding() }
        let entries = state.withLock { $0.entries[credential.account] ?? [] }.sorted { $0.generation > $1.generation }
        guard !entries.isEmpty else { return JournalFinding() }
        return try await blocking(credential.account) { () throws(FileFailure) in
            var finding = JournalFinding()
            for entry in entries where entry.kind == .rotated && entry.generation > credential.generation {
                if let newer = try self.content(of: entry, key)?.credential(of: entry) {
                    finding.newer = newer
                    break
                }
                // The entry is damaged, but its existence shows that the token before it was spent.
                finding.isBegun = true
            }
            let newest = finding.newer ?? credential
            let intent = JournalEntry(.intent, of: newest)
            if entries.contains(intent), try self.content(of: intent, key)?.secret == newest.tokenHash {
                finding.isBegun = true
            }
            for entry in entries where entry.kind == .ended && entry.generation >= newest.generation {
                if try self.content(of: entry, key) != nil { finding.isEnded = true }
            }
            return finding
        }
    }

    private func content(of entry: JournalEntry, _ key: SealingKey) throws(FileFailure) -> EntryContent? {
        guard let bytes = try directory.read(entry.fileName, limit: Self.largestEntry) else { return nil }
        let label = entry.label
        guard let opened = try? Envelope.open(bytes, purpose: label.purpose, name: label.name, with: key),
            opened.generation == entry.generation
        else { return nil }
        return EntryContent(secret: opened.content)
    }

    private func remove(of account: AccountName, where isObsolete: @escaping @Sendable (JournalEntry) -> Bool) async {
        let obsolete = state.withLock { state in
            let obsolete = (state.entries[account] ?? []).filter(isObsolete)
            state.entries[account]?.subtract(obsolete)
            return obsolete
        }
        guard !obsolete.isEmpty else { return }
        // An entry left on the disk is obsolete by its generation, so a failure is harmless.
        try? await blocking(account) { () throws(FileFailure) in
            for entry in obsolete { try self.directory.remove(entry.fileName) }
        }
    }

    private func releaseReservation(of account: AccountName) {
        if let room = state.withLock({ $0.rooms.removeValue(forKey: account) }) { directory.discard(room.reservation) }
    }

    /// Runs file system calls, which wait for the disk, off the cooperative pool.
    private func blocking<Value: Sendable>(
        _ account: AccountName, _ body: @escaping @Sendable () throws(FileFailure) -> Value
    ) async throws(StoreFailure) -> Value {
        let lane = state.withLock { state in
            let lane = state.lanes[account] ?? BlockingQueue("authagent.journal")
            state.lanes[account] = lane
            return lane
        }
        do throws(FileFailure) { return try await lane.run(body) } catch {
            throw StoreFailure(.failed, "the rotation journal failed: \(error)", hint: error.hint)
        }
    }
}

/// The content of a sealed entry.
private struct EntryContent {
    var secret: SecretBytes

    /// `nil` unless the content is the credential announced by the entry's name.
    func credential(of entry: JournalEntry) -> Credential? {
        let key = RecordKey(account: entry.account, purpose: .login)
        guard let credential = Credential(StoredRecord(key: key, issuer: "", secret: secret)),
            credential.generation == entry.generation
        else { return nil }
        return credential
    }
}

extension StoreFailure {
    fileprivate static let noKey = StoreFailure(.failed, "the login has no key for the rotation journal")
}
