internal import AgentAPI
internal import SealedFiles
internal import SecretMemory
internal import Synchronization
public import Vault

/// Credentials in sealed files, for machines with no desktop keyring: one file for each record.
///
/// The key comes from a systemd credential or from a file, and the store opens by itself; or it comes from a
/// passphrase, and the store is locked until somebody gives it. It is in locked memory and nowhere else.
public final class SealedStore: KeyedStore {
    struct State {
        /// The header that was opened, and the store's own key.
        var held: (header: StoreHeader, key: SealingKey)?
        var guesses = PassphraseThrottle()
        /// What was said already, so that it is not said with every read.
        var warnings: Set<String> = []
    }

    let path: String
    let material: KeyMaterial
    let cost: ScryptCost
    let time: any Time
    let state = Mutex(State())
    let marks = RecordMarks()
    /// Two of them, because a passphrase takes its time, and what is in memory is served and written meanwhile.
    let files = BlockingQueue("authagent.sealed.files")
    let derivations = BlockingQueue("authagent.sealed.scrypt")
    private let warn: @Sendable (String) -> Void

    /// Nothing is read or made before it is needed. `credentialsDirectory` is systemd's; `warn` is told of files that
    /// are not what they should be.
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

    /// Whether there is room on the disk for a record of the usual size.
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

    /// The records of the store that is open, with the marks as they are now.
    func records(in directory: DurableDirectory) throws(SealedFailure) -> SealedRecords {
        let header = try header(in: directory)
        let key = try key(of: header)
        marks.load(from: directory, key, hasFile: header.hasMarks)
        return SealedRecords(directory: directory, key: key, marks: marks) { self.warnOnce($0) }
    }

    /// The directory and the store's own key. Looks at the header every time: nothing may be written with a key that
    /// nobody could open it with after a restart.
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

    /// `isOnlyRead`: another process may be writing to it.
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
                description.status = StoreStatus(error.state, detail: error.detail, hint: error.hint)
            }
            return description
        }
    }

    private func warnOnce(_ text: String) {
        if state.withLock({ $0.warnings.insert(text).inserted }) { warn(text) }
    }
}
