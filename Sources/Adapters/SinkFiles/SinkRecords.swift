internal import Configuration
internal import Glibc
internal import Synchronization
internal import System

/// The record of the files that sinks have: how to tell them from others, and when their tokens expire. It outlives the
/// agent, so that the next one can remove what a killed one has left.
final class SinkRecords: Sendable {
    struct Record: Equatable {
        /// Those of the file in place, and of the one that is about to replace it. Empty before the first.
        var marks: [FileMark] = []
        var identity: SinkIdentity
        /// In seconds since 1970; `nil` if the token does not expire.
        var expiresAt: Int?
        /// Whether this process has written it.
        var isNew = true

        /// Whether the file with this mark is the agent's. One of this process is, also if its time was changed: it may
        /// hold the token.
        func has(_ mark: FileMark) -> Bool { marks.contains { $0 == mark || isNew && $0.number == mark.number } }
    }

    private let path: String
    private let records: Mutex<[String: Record]>
    /// Both files of 128 sinks, with long lists of scopes; more is not a file of this agent.
    private static let longest = 1 << 22

    /// Reads the file. One that cannot be read counts as empty.
    init(_ path: String) {
        self.path = path
        var bytes: [UInt8] = []
        if let file = try? TrustedFile.open(path),
            (try? FileRequirement(owners: .user, forbidden: 0o022).check(file)) != nil
        {
            _ = SystemCall.readAll(file.raw, into: &bytes, limit: Self.longest)
        }
        records = Mutex(Self.parse(String(decoding: bytes, as: UTF8.self)))
    }

    var all: [String: Record] { records.withLock { $0 } }

    subscript(path: String) -> Record? { records.withLock { $0[path] } }

    /// Changes one record, and writes all of them. A failure costs a file that stays after a kill, and nothing else.
    func set(_ record: Record?, for path: String) {
        records.withLock { records in
            guard records[path] != record else { return }
            records[path] = record
            write(records)
        }
    }

    private func write(_ records: [String: Record]) {
        let temporary = path + ".new"
        unlink(temporary)
        guard let file = try? UnfinishedFile(temporary) else { return }
        guard (try? file.write(Array(Self.text(records).utf8))) != nil else { return file.remove() }
        file.close()
        do { try file.rename(to: path) } catch { file.remove() }
    }

    /// One line for each file: the marks or `-`, the expiry or `-`, the identity, the path, which has no line break.
    private static func text(_ records: [String: Record]) -> String {
        records.sorted { $0.key < $1.key }
            .map { path, record in
                let marks = record.marks.map(\.text).joined(separator: ",")
                let expiry = record.expiresAt.map(String.init) ?? "-"
                return "\(marks.isEmpty ? "-" : marks) \(expiry) \(record.identity.text) \(path)\n"
            }.joined()
    }

    private static func parse(_ text: String) -> [String: Record] {
        var records: [String: Record] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 3)
            guard parts.count == 4, let identity = SinkIdentity(parts[2]), parts[3].hasPrefix("/") else { continue }
            records[String(parts[3])] = Record(
                marks: parts[0].split(separator: ",").compactMap { FileMark($0) }, identity: identity,
                expiresAt: Int(parts[1]), isNew: false)
        }
        return records
    }
}

extension FileMark {
    fileprivate var text: String { "\(number).\(seconds).\(nanoseconds)" }

    fileprivate init?(_ text: Substring) {
        let parts = text.split(separator: ".")
        guard parts.count == 3, let number = UInt64(parts[0]), let seconds = Int64(parts[1]),
            let nanoseconds = Int64(parts[2])
        else { return nil }
        self.init(number: number, seconds: seconds, nanoseconds: nanoseconds)
    }
}
