internal import Glibc
internal import Synchronization
internal import System

/// The record of the files that sinks have: how to tell them from others, and when their tokens expire. It outlives the
/// agent, so that the next one can remove what a killed one has left.
final class SinkRecords: Sendable {
    struct Record: Equatable {
        var mark: FileMark
        /// In seconds since 1970; `nil` if the token does not expire.
        var expiresAt: Int?
        /// Whether this process has written it.
        var isNew = true
    }

    private let path: String
    private let records: Mutex<[String: Record]>
    /// Thousands of records; more is not a file of this agent.
    private static let longest = 1 << 20

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

    /// One line for each file: the mark, the expiry or `-`, the path, which has no line break.
    private static func text(_ records: [String: Record]) -> String {
        records.sorted { $0.key < $1.key }
            .map { path, record in
                let (mark, expiry) = (record.mark, record.expiresAt.map(String.init) ?? "-")
                return "\(mark.number) \(mark.seconds) \(mark.nanoseconds) \(expiry) \(path)\n"
            }.joined()
    }

    private static func parse(_ text: String) -> [String: Record] {
        var records: [String: Record] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 4)
            guard parts.count == 5, let number = UInt64(parts[0]), let seconds = Int64(parts[1]),
                let nanoseconds = Int64(parts[2]), parts[4].hasPrefix("/")
            else { continue }
            records[String(parts[4])] = Record(
                mark: FileMark(number: number, seconds: seconds, nanoseconds: nanoseconds), expiresAt: Int(parts[3]),
                isNew: false)
        }
        return records
    }
}
