internal import AgentAPI
internal import SecretMemory
internal import System
internal import Vault

/// The records of an unlocked store. All calls block.
struct SealedRecords {
    let directory: DurableDirectory
    let key: SealingKey
    let marks: GenerationMarks
    /// Called, with text for the log, for each file that is not as it should be.
    let warn: (String) -> Void

    private static let purpose = "record"
    /// Credentials have some KiB.
    private static let limit = 1024 * 1024
    private static let usualSize = 64 * 1024

    /// Loads all records. A damaged one hides no other; its predecessor takes its place if that still exists and was
    /// the newest one seen.
    func loadAll() throws(SealedFailure) -> [StoredRecord] {
        let files = try SealedFailure.onDisk { () throws(FileFailure) in try self.files }
        defer { marks.write(to: directory, key) }
        return Dictionary(grouping: files, by: \.key).map { key, files in
            newest(key, files.sorted { $0.generation > $1.generation })
        }
    }

    /// The generation of each login's newest readable record, as marks.
    func survey() throws(SealedFailure) -> [String: UInt64] {
        let files = try SealedFailure.onDisk { () throws(FileFailure) in try self.files }
        var found: [String: UInt64] = [:]
        for file in files where file.key.purpose == .login {
            guard let stem = RecordFile.stem(of: file.key), file.generation > found[stem] ?? 0,
                (try? readBack(stem, file.generation)) != nil
            else { continue }
            found[stem] = file.generation
        }
        return found
    }

    func load(_ key: RecordKey) throws(SealedFailure) -> StoredRecord? {
        let files = try SealedFailure.onDisk { () throws(FileFailure) in try self.files.filter { $0.key == key } }
        return files.isEmpty ? nil : newest(key, files.sorted { $0.generation > $1.generation })
    }

    func findRoom() throws(SealedFailure) {
        try SealedFailure.onDisk { () throws(FileFailure) in
            directory.discard(try directory.reserve("room", size: Self.usualSize))
        }
    }

    /// The number of records, readable or not.
    static func count(in directory: DurableDirectory) throws(FileFailure) -> Int {
        Set(try directory.names().compactMap(RecordFile.init(name:)).map(\.key)).count
    }

    func save(_ record: StoredRecord) throws(SealedFailure) {
        guard let stem = RecordFile.stem(of: record.key) else { throw .recordTooLarge }
        let content = record.content
        guard content.count <= Self.limit - Envelope.overhead else { throw .recordTooLarge }
        let earlier = try SealedFailure.onDisk { () throws(FileFailure) in try generations(of: record.key) }
        let generation = max(earlier.filter { limitsNextGeneration(stem, $0) }.max() ?? 0, marks.newest(of: stem)) + 1
        let name = "\(stem)~\(generation)"
        guard generation < RecordFile.largestGeneration else {
            throw .generationsExhausted(directory.path + "/\(stem)~\(generation - 1)")
        }
        let label = Label(purpose: Self.purpose, name: stem, generation: generation)
        try SealedFailure.onDisk { () throws(FileFailure) in
            try directory.write(name, Envelope.seal(content, as: label, with: key))
        }
        guard let written = try? readBack(stem, generation), written == content else {
            try? directory.remove(name)
            throw .notReadBack(directory.path + "/" + name)
        }
        if record.key.purpose == .login {
            marks.raise([stem: generation])
            marks.write(to: directory, key)
        }
        // Files still there are older or unreadable; the next write removes them.
        for old in earlier where old != generation { try? directory.remove("\(stem)~\(old)") }
    }

    /// Whether the next generation must exceed this file's. File names are not authenticated: a forged one could use up
    /// all generations.
    private func limitsNextGeneration(_ stem: String, _ generation: UInt64) -> Bool {
        do throws(FileFailure) { return try readBack(stem, generation) != nil } catch {
            // An unreadable file may be repaired later, and must not be newer than the next write.
            return generation < RecordFile.largestLikelyGeneration
        }
    }

    func remove(_ key: RecordKey) throws(SealedFailure) {
        guard let stem = RecordFile.stem(of: key) else { return }
        let removed = try SealedFailure.onDisk { () throws(FileFailure) in
            let generations = try generations(of: key).sorted()
            // The newest last, so that an interruption never revives an older record.
            for generation in generations { try directory.remove("\(stem)~\(generation)") }
            return generations
        }
        // The last record may be one that was put back after a logout. A pending revocation may come back: it is
        // completed again.
        let last = marks.newest(of: stem)
        guard key.purpose == .login, last > 0, !removed.isEmpty else { return }
        marks.raise([stem: last + 1])
        marks.write(to: directory, self.key)
    }

    private var files: [RecordFile] {
        get throws(FileFailure) { try directory.names().compactMap(RecordFile.init(name:)) }
    }

    private func generations(of key: RecordKey) throws(FileFailure) -> [UInt64] {
        try files.filter { $0.key == key }.map(\.generation)
    }

    private func readBack(_ stem: String, _ generation: UInt64) throws(FileFailure) -> SecretBytes? {
        guard let bytes = try directory.read("\(stem)~\(generation)", limit: Self.limit) else { return nil }
        return try? open(bytes, stem, generation)
    }

    private func open(
        _ bytes: [UInt8], _ stem: String, _ generation: UInt64
    ) throws(EnvelopeFailure) -> SecretBytes {
        let opened = try Envelope.open(bytes, purpose: Self.purpose, name: stem, with: key)
        // An older record was renamed to a newer generation.
        guard opened.generation == generation else { throw .damaged }
        return opened.content
    }

    private func newest(_ key: RecordKey, _ all: [RecordFile]) -> StoredRecord {
        let stem = RecordFile.stem(of: key) ?? ""
        let isMarked = key.purpose == .login
        if isMarked, let loss = marks.loss { return failed(key, loss.fault) }
        let files = all.filter { $0.generation >= marks.newest(of: stem) || !isMarked }
        for (index, file) in files.enumerated() {
            let name = "\(stem)~\(file.generation)"
            do throws(FileFailure) {
                guard let bytes = try directory.read(name, limit: Self.limit) else { continue }
                do throws(EnvelopeFailure) {
                    let content = try open(bytes, stem, file.generation)
                    guard let record = StoredRecord(key, content: content) else { throw .damaged }
                    if isMarked { marks.raise([stem: file.generation]) }
                    return record
                } catch {
                    let rest = index + 1 < files.count ? "its predecessor is used" : "its login is lost"
                    warn("\(directory.path)/\(name) does not open: \(error); \(rest)")
                }
            } catch {
                // A temporary error must neither revive an older record nor pass for a missing one.
                return failed(key, error.fault)
            }
        }
        // An older record beside the newest one is only left by a crash.
        if let old = all.first(where: { !files.contains($0) }) {
            warn("\(directory.path)/\(stem)~\(old.generation) is older than a record seen before, and is not used")
        }
        // Nothing is readable: there was a login, and it is lost.
        return StoredRecord(key: key, issuer: "", secret: SecretBytes([]))
    }

    private func failed(_ key: RecordKey, _ fault: Fault) -> StoredRecord {
        StoredRecord(
            key: key, issuer: "", secret: SecretBytes([]),
            problem: StoreFailure(.failed, fault.problem, hint: fault.hint))
    }
}
