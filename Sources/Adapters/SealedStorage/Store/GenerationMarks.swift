internal import SecretMemory
internal import Synchronization

/// The generation of each login's newest record, in memory and in the sealed file `marks.sealed`, so that an older
/// record that is put back is recognized.
///
/// A record is written before its mark: a crash never leaves a mark without its record. Removing a record leaves a
/// higher mark.
final class GenerationMarks: Sendable {
    private struct State {
        /// The key of the store whose marks these are: another store may replace it.
        var key: SealingKey?
        /// Marks by the stem of the record's file name; `nil` while they are unknown.
        var newest: [String: UInt64]?
        /// The file's content, as last read or written by this process.
        var stored: [String: UInt64]?
        /// Whether the store has a marks file. A store of version 1 has none: an agent of that version would write
        /// newer records without raising marks, and they would then be taken for old ones.
        var hasFile = false
        /// Whether the file has lower marks than this process has written: the owner has restored an earlier directory.
        /// It is trusted from the next start on.
        var isReplaced = false
        var loss: SealedFailure?
    }

    private let state = Mutex(State())

    static let fileName = "marks.sealed"
    private static let purpose = "marks"
    /// Enough for some ten thousand accounts.
    private static let limit = 4 << 20

    /// The reason why old records cannot be recognized; `nil` if they can.
    var loss: SealedFailure? { state.withLock { $0.newest == nil ? $0.loss : nil } }

    func newest(of stem: String) -> UInt64 { state.withLock { $0.newest?[stem] ?? 0 } }

    /// Loads the file. `hasFile`: the store was created with a marks file, so a missing one was removed.
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

    /// Raises marks; a mark is never lowered.
    func raise(_ marks: [String: UInt64]) {
        state.withLock { $0.newest?.merge(marks) { max($0, $1) } }
    }

    /// Writes the marks if they have changed. A failure does not affect logins: the file then has lower marks than
    /// possible.
    func write(to directory: DurableDirectory, _ key: SealingKey) {
        let marks = state.withLock { $0.newest == $0.stored || !$0.hasFile || $0.isReplaced ? nil : $0.newest }
        guard let marks, (try? Self.write(marks, directory, key)) != nil else { return }
        state.withLock { $0.stored = marks }
    }

    /// Replaces all marks.
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

    /// `nil` if the file does not exist.
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
