internal import System
public import AgentAPI
internal import OAuth
internal import SecretMemory
internal import Synchronization
public import Vault

/// The rotation journal as sealed files, two of an account at most:
///
/// - `ACCOUNT~GENERATION.intent`: the refresh token of that generation is being spent;
/// - `ACCOUNT~GENERATION.rotated`: the credential of that generation, which the store may not have yet;
/// - `ACCOUNT~GENERATION.ended`: the login is over since that generation, and the store may still have it.
///
/// The generation is in the name, so that no write of one rotation can touch what another one left, and what is obsolete
/// is known without a key.
public final class SealedJournal: RotationJournal {
    private struct State {
        var entries: [AccountName: Set<JournalEntry>]
        /// Room for the credentials that requests under way will bring.
        var rooms: [AccountName: (generation: UInt64, reservation: Reservation)] = [:]
        /// One for each account: its slow disk access is in no other account's way.
        var lanes: [AccountName: BlockingQueue] = [:]
    }

    private let directory: DurableDirectory
    private let state: Mutex<State>

    /// What a new refresh token may be longer than the old one. Most are shorter than 4 KiB; a longer one is written all
    /// the same, as long as the disk has room by then.
    private static let spareRoom = 16 * 1024
    /// A credential has a handful of tokens, whose size the reader of replies bounds.
    static let largestEntry = 1 << 20

    /// Opens the journal in this directory, which is made if it is not there. One process at a time may do so.
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
        giveRoomBack(of: credential.account)
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
        // However long a store is away: two files. Nobody waits for it, because nobody would read the older ones.
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
            // The refresh token of this very generation may be under way to the provider.
            case .intent, .ended: entry.generation < generation
            case .rotated: entry.generation <= generation
            }
        }
        let isOver = state.withLock { ($0.rooms[account]?.generation ?? .max) <= generation }
        if isOver { giveRoomBack(of: account) }
    }

    public func forget(_ account: AccountName) async {
        await remove(of: account) { _ in true }
        giveRoomBack(of: account)
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
                // Somebody has damaged it; that it was written means that the token before it is spent.
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

    private func content(of entry: JournalEntry, _ key: SealingKey) throws(FileFailure) -> Opened? {
        guard let bytes = try directory.read(entry.fileName, limit: Self.largestEntry) else { return nil }
        let label = entry.label
        guard let opened = try? Envelope.open(bytes, purpose: label.purpose, name: label.name, with: key),
            opened.generation == entry.generation
        else { return nil }
        return Opened(secret: opened.content)
    }

    private func remove(of account: AccountName, where isObsolete: @escaping @Sendable (JournalEntry) -> Bool) async {
        let obsolete = state.withLock { state in
            let obsolete = (state.entries[account] ?? []).filter(isObsolete)
            state.entries[account]?.subtract(obsolete)
            return obsolete
        }
        guard !obsolete.isEmpty else { return }
        // What is left on the disk is obsolete by its generation, so a failure here costs nothing.
        try? await blocking(account) { () throws(FileFailure) in
            for entry in obsolete { try self.directory.remove(entry.fileName) }
        }
    }

    private func giveRoomBack(of account: AccountName) {
        if let room = state.withLock({ $0.rooms.removeValue(forKey: account) }) { directory.discard(room.reservation) }
    }

    /// File system calls wait for the disk, which the cooperative pool must not.
    private func blocking<Value: Sendable>(
        _ account: AccountName, _ body: @escaping @Sendable () throws(FileFailure) -> Value
    ) async throws(StoreFailure) -> Value {
        let lane = state.withLock { state in
            let lane = state.lanes[account] ?? BlockingQueue("authagent.journal")
            state.lanes[account] = lane
            return lane
        }
        do throws(FileFailure) { return try await lane.run(body) } catch {
            throw StoreFailure(.failed, "the rotation journal fails: \(error)", hint: error.hint)
        }
    }
}

/// What a sealed entry holds.
private struct Opened {
    var secret: SecretBytes

    /// Nil unless the content is the credential that the entry's name tells.
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
