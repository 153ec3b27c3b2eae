internal import SecretMemory
internal import Synchronization

/// The number of the newest record of each login that was seen, in memory and in the sealed file `marks.sealed`, so that an
/// older record that is put back is known to be one.
///
/// A record is written first and its mark after it: no crash leaves a mark without its record. A record that is removed
/// leaves a higher mark.
final class RecordMarks: Sendable {
    private struct State {
        /// Whose marks these are: another store may be put into this one's place.
        var key: SealingKey?
        /// By the stem of the record's file; nil while they cannot be known.
        var newest: [String: UInt64]?
        /// What the file has, as far as this process has read or written it.
        var stored: [String: UInt64]?
        /// Whether the store has a file. One of the first version has none: an agent of that version would go on counting
        /// without it, and its newer records would then be taken for older ones.
        var hasFile = false
        /// Whether the file says less than this process has written: an earlier directory was put back as a whole, which
        /// is its owner's to decide and counts from the next start on.
        var isReplaced = false
        var loss: SealedFailure?
    }

    private let state = Mutex(State())

    static let fileName = "marks.sealed"
    private static let purpose = "marks"
    /// Some ten thousand accounts.
    private static let limit = 4 << 20

    /// Why no record can be told from an older one; `nil` if it can.
    var loss: SealedFailure? { state.withLock { $0.newest == nil ? $0.loss : nil } }

    func newest(of stem: String) -> UInt64 { state.withLock { $0.newest?[stem] ?? 0 } }

    /// Takes up what the file has. `hasFile`: the store has had one from its beginning, so that one that is missing was
    /// taken away.
    func load(from directory: DurableDirectory, _ key: SealingKey, hasFile: Bool) {
        guard hasFile else {
            return state.withLock { state in
                if state.key != key || state.hasFile { state = State(key: key) }
                state.newest = state.newest ?? [:]
            }
        }
        let found: Result<[String: UInt64]?, SealedFailure>
        do throws(SealedFailure) { found = .success(try Self.read(directory, key)) } catch { found = .failure(error) }
        state.withLock { state in
            if state.key != key || !state.hasFile { state = State(key: key, hasFile: true) }
            switch found {
            case .success(let marks?):
                state.isReplaced = (state.stored ?? [:]).contains { marks[$0.key, default: 0] < $0.value }
                state.newest = (state.newest ?? [:]).merging(marks) { max($0, $1) }
                if !state.isReplaced { state.stored = marks }
            case .success(nil):
                state.stored = nil
                state.loss = .marksLost(directory.path + "/" + Self.fileName)
            case .failure(let failure): (state.stored, state.loss) = (nil, failure)
            }
        }
    }

    /// Raises the marks of logins; none is ever lowered.
    func raise(_ marks: [String: UInt64]) {
        state.withLock { $0.newest?.merge(marks) { max($0, $1) } }
    }

    /// Brings them to the disk if they are not there. A failure costs no login: the file then says less than it could.
    func write(to directory: DurableDirectory, _ key: SealingKey) {
        let marks = state.withLock { $0.newest == $0.stored || !$0.hasFile || $0.isReplaced ? nil : $0.newest }
        guard let marks, (try? Self.write(marks, directory, key)) != nil else { return }
        state.withLock { $0.stored = marks }
    }

    /// Begins anew with these, whatever there was.
    func replace(with marks: [String: UInt64], in directory: DurableDirectory, _ key: SealingKey) throws(FileFailure) {
        try Self.write(marks, directory, key)
        state.withLock { $0 = State(key: key, newest: marks, stored: marks, hasFile: true) }
    }

    private static func write(
        _ marks: [String: UInt64], _ directory: DurableDirectory, _ key: SealingKey
    ) throws(FileFailure) {
        let lines = marks.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)\n" }.joined()
        let label = Label(purpose: purpose, name: fileName, generation: 1)
        try directory.write(fileName, Envelope.seal(SecretBytes(Array(lines.utf8)), as: label, with: key))
    }

    /// `nil` if there is no such file.
    private static func read(
        _ directory: DurableDirectory, _ key: SealingKey
    ) throws(SealedFailure) -> [String: UInt64]? {
        let bytes = try SealedFailure.onDisk { () throws(FileFailure) in
            try directory.read(fileName, limit: limit)
        }
        guard let bytes else { return nil }
        guard let opened = try? Envelope.open(bytes, purpose: purpose, name: fileName, with: key) else {
            throw .marksLost(directory.path + "/" + fileName)
        }
        var marks: [String: UInt64] = [:]
        for line in opened.content.revealedText().split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let number = UInt64(words[1]) else { continue }
            marks[String(words[0])] = number
        }
        return marks
    }
}
