internal import AgentAPI
internal import SecretMemory
internal import Vault

/// The records of a store whose key is there. All calls block.
struct SealedRecords {
    let directory: DurableDirectory
    let key: SealingKey
    let marks: RecordMarks
    /// Told, in words for people, of each file that is not what it should be.
    let warn: (String) -> Void

    private static let purpose = "record"
    /// Credentials have some KiB.
    private static let limit = 1024 * 1024
    private static let usualSize = 64 * 1024

    /// Every record. One that is damaged hides no other; where the one before it is still there, and was the newest that
    /// was seen, it takes its place.
    func loadAll() throws(SealedFailure) -> [StoredRecord] {
        let files = try SealedFailure.onDisk { () throws(FileFailure) in try self.files }
        defer { marks.write(to: directory, key) }
        return Dictionary(grouping: files, by: \.key).map { key, files in
            newest(key, files.sorted { $0.generation > $1.generation })
        }
    }

    /// The newest of each login that opens, as marks.
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

    /// How many records there are, whether they open or not.
    static func count(in directory: DurableDirectory) throws(FileFailure) -> Int {
        Set(try directory.names().compactMap(RecordFile.init(name:)).map(\.key)).count
    }

    func save(_ record: StoredRecord) throws(SealedFailure) {
        guard let stem = RecordFile.stem(of: record.key) else { throw .recordTooLarge }
        let content = record.content
        guard content.count <= Self.limit - Envelope.overhead else { throw .recordTooLarge }
        let earlier = try SealedFailure.onDisk { () throws(FileFailure) in try generations(of: record.key) }
        let generation = max(earlier.filter { counts(stem, $0) }.max() ?? 0, marks.newest(of: stem)) + 1
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
        // What stays now is older or does not open, and goes with the next write.
        for old in earlier where old != generation { try? directory.remove("\(stem)~\(old)") }
    }

    /// Whether the next generation has to be a larger one than this file's. A name needs no key, so it says nothing by
    /// itself: somebody could use up all the generations there are.
    private func counts(_ stem: String, _ generation: UInt64) -> Bool {
        do throws(FileFailure) { return try readBack(stem, generation) != nil } catch {
            // It may be repaired later, and must not be newer than what is written now.
            return generation < RecordFile.largestLikelyGeneration
        }
    }

    func remove(_ key: RecordKey) throws(SealedFailure) {
        guard let stem = RecordFile.stem(of: key) else { return }
        let removed = try SealedFailure.onDisk { () throws(FileFailure) in
            let generations = try generations(of: key).sorted()
            // The newest last: whatever ends this half-way, no older one comes back to life.
            for generation in generations { try directory.remove("\(stem)~\(generation)") }
            return generations
        }
        // Put back, the last one is a login that has ended. One that waits to be revoked may come back: it ends again.
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
        // Renamed: an older record in a newer one's place.
        guard opened.generation == generation else { throw .damaged }
        return opened.content
    }

    private func newest(_ key: RecordKey, _ all: [RecordFile]) -> StoredRecord {
        let stem = RecordFile.stem(of: key) ?? ""
        let isMarked = key.purpose == .login
        if isMarked, let loss = marks.loss { return failed(key, loss.detail, loss.hint) }
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
                    let rest = index + 1 < files.count ? "the one before it is used" : "its login is lost"
                    warn("\(directory.path)/\(name) does not open: \(error); \(rest)")
                }
            } catch {
                // What can be repaired is no reason to go back to an older one, nor to believe that there is none.
                return failed(key, error.description, error.hint)
            }
        }
        // Beside the newest an older one is no more than what a crash has left.
        if let old = all.first(where: { !files.contains($0) }) {
            warn("\(directory.path)/\(stem)~\(old.generation) is older than a record that was there, and is not used")
        }
        // Nothing of it can be read: there was a login, and it is over.
        return StoredRecord(key: key, issuer: "", secret: SecretBytes([]))
    }

    private func failed(_ key: RecordKey, _ detail: String, _ hint: String) -> StoredRecord {
        StoredRecord(
            key: key, issuer: "", secret: SecretBytes([]), problem: StoreFailure(.failed, detail, hint: hint))
    }
}
