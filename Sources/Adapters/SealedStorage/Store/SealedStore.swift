internal import AgentAPI
internal import SecretMemory
internal import Synchronization
internal import System
public import Vault

/// Credentials in sealed files, one per record, for machines without a desktop keyring.
///
/// With a key from a systemd credential or a key file the store unlocks itself; with a passphrase it stays locked until
/// the user unlocks it. The key is kept in locked memory only.
public final class SealedStore: KeyedStore {
    struct State {
        /// The opened header and the store's master key.
        var held: (header: StoreHeader, key: SealingKey)?
        var guesses = PassphraseThrottle()
        /// Warnings already logged, so that they are not repeated on each read.
        var warnings: Set<String> = []
    }

    let path: String
    let material: KeyMaterial
    let cost: ScryptCost
    let time: any Time
    let state = Mutex(State())
    let marks = GenerationMarks()
    /// Two queues: key derivation is slow, and must not delay reads and writes of an unlocked store.
    let files = BlockingQueue("authagent.sealed.files")
    let derivations = BlockingQueue("authagent.sealed.scrypt")
    private let warn: @Sendable (String) -> Void

    /// Reads and creates nothing yet. `credentialsDirectory` is systemd's; `warn` gets text about files that are not as
    /// they should be.
    public init(
        path: String, credentialsDirectory: String?, time: any Time, cost: ScryptCost = .standard,
        warn: @escaping @Sendable (String) -> Void
    ) {
        self.path = path
        material = KeyMaterial(credentialsDirectory: credentialsDirectory)
        self.time = time
        self.cost = cost
        self.warn = warn
    }

    public func probe() async -> StoreStatus { await describe().status }

    public func loadAll() async throws(StoreFailure) -> [StoredRecord] {
        try await perform { records throws(SealedFailure) in try records.loadAll() }
    }

    public func load(_ key: RecordKey) async throws(StoreFailure) -> StoredRecord? {
        try await perform { records throws(SealedFailure) in try records.load(key) }
    }

    /// Checks that the disk has space for a record of the usual size.
    public func prepareToSave() async throws(StoreFailure) {
        try await perform { records throws(SealedFailure) in try records.findRoom() }
    }

    public func save(_ record: StoredRecord) async throws(StoreFailure) {
        try await perform { records throws(SealedFailure) in try records.save(record) }
    }

    public func remove(_ key: RecordKey) async throws(StoreFailure) {
        try await perform { records throws(SealedFailure) in try records.remove(key) }
    }

    private func perform<Value: Sendable>(
        _ body: @escaping @Sendable (SealedRecords) throws(SealedFailure) -> Value
    ) async throws(StoreFailure) -> Value {
        do throws(SealedFailure) {
            return try await files.run { () throws(SealedFailure) in
                try body(self.records(in: try self.existingDirectory()))
            }
        } catch { throw error.storeFailure }
    }

    /// The records of the unlocked store, with the current marks.
    func records(in directory: DurableDirectory) throws(SealedFailure) -> SealedRecords {
        let header = try header(in: directory)
        let key = try key(of: header)
        marks.load(from: directory, key, hasFile: header.hasMarks)
        return SealedRecords(directory: directory, key: key, marks: marks) { self.warnOnce($0) }
    }

    /// Returns the directory and the master key. Rereads the header each time: nothing may be written with a key that
    /// the header could not restore after a restart.
    func open() throws(SealedFailure) -> (DurableDirectory, SealingKey) {
        let directory = try existingDirectory()
        return (directory, try key(of: try header(in: directory)))
    }

    private func key(of header: StoreHeader) throws(SealedFailure) -> SealingKey {
        if let held = state.withLock({ $0.held }), held.header == header { return held.key }
        state.withLock { $0.held = nil }
        let key =
            switch header.origin {
            case .credential: try material.credential()
            case .file(let path): try material.file(path)
            case .passphrase: throw .locked
            }
        let master = try header.open(with: key)
        state.withLock { $0.held = (header, master) }
        return master
    }

    var headerPath: String { path + "/" + StoreHeader.fileName }

    /// `isOnlyRead`: another process may be writing.
    func existingDirectory(isOnlyRead: Bool = false) throws(SealedFailure) -> DurableDirectory {
        do throws(FileFailure) {
            return try isOnlyRead ? DurableDirectory(reading: path) : DurableDirectory(existing: path)
        } catch {
            if error.isMissingDirectory { throw .notInitialized }
            throw .file(error)
        }
    }

    func header(in directory: DurableDirectory) throws(SealedFailure) -> StoreHeader {
        let bytes = try SealedFailure.onDisk { () throws(FileFailure) in
            try directory.read(StoreHeader.fileName, limit: StoreHeader.limit)
        }
        if let bytes { return try StoreHeader(parsing: bytes, at: headerPath) }
        let records = try SealedFailure.onDisk { () throws(FileFailure) in try SealedRecords.count(in: directory) }
        throw records == 0 ? .notInitialized : .headerMissing(headerPath)
    }

    public func describe() async -> KeyedStoreDescription {
        await files.run { () throws(Never) in
            var description = KeyedStoreDescription(
                status: StoreStatus(.ok), keySource: nil, keyFile: nil, directory: self.path, records: 0
            )
            do throws(SealedFailure) {
                let directory = try self.existingDirectory(isOnlyRead: true)
                description.records = (try? SealedRecords.count(in: directory)) ?? 0
                let header = try self.header(in: directory)
                (description.keySource, description.keyFile) = (header.origin.source, header.origin.file)
                let key = try self.key(of: header)
                self.marks.load(from: directory, key, hasFile: header.hasMarks)
                if let loss = self.marks.loss { throw loss }
            } catch {
                description.status = StoreStatus(error.state, detail: error.fault.problem, hint: error.fault.hint)
            }
            return description
        }
    }

    private func warnOnce(_ text: String) {
        if state.withLock({ $0.warnings.insert(text).inserted }) { warn(text) }
    }
}
