internal import AgentSetup
internal import Crypto
internal import Glibc
internal import System

/// The file of a set-up's record.
struct SetupRecordFile {
    let path: String
    let mode: UInt32
    /// Of a missing directory, which then is not private.
    var directoryMode: UInt32?

    /// What has been done; empty without a record.
    func read() throws -> SetupRecord {
        do throws(Fault) {
            guard let content = try EditableFile(path).content else { return SetupRecord() }
            guard let record = SetupRecord(parsing: String(decoding: content, as: UTF8.self)) else {
                throw Fault(
                    "cannot read \(path): it has been changed", hint: "undo by hand what it names, and remove it")
            }
            return record
        } catch { throw Failure(error) }
    }

    /// Notes that these are done; of files, with their digests.
    func add(_ entries: [SetupRecord.Entry]) throws {
        guard !entries.isEmpty else { return }
        var record = try read()
        for var entry in entries {
            if entry.kind.isFile { entry.digest = Self.digest(of: entry.name) }
            record.add(entry)
        }
        try write(record)
    }

    func remove(_ entries: [SetupRecord.Entry]) throws {
        var record = try read()
        record.entries.removeAll { entry in entries.contains { $0.kind == entry.kind && $0.name == entry.name } }
        try write(record)
    }

    private func write(_ record: SetupRecord) throws {
        do throws(Fault) {
            let file = try EditableFile(path)
            if record.entries.isEmpty {
                if file.content != nil { try file.remove() }
            } else {
                if let directoryMode { Self.makeDirectory(PrivateDirectory.parent(of: path), directoryMode) }
                try file.replace(with: Array(record.text.utf8), mode: mode)
            }
        } catch { throw Failure(error) }
    }

    /// Creates a directory that others may read; without it, `EditableFile` would create a private one.
    private static func makeDirectory(_ path: String, _ mode: UInt32) {
        if mkdir(path, 0o700) == 0 { chmod(path, mode) }
    }

    /// SHA-256 of a file in hexadecimal digits; `nil` if there is none.
    static func digest(of path: String) -> String? {
        guard let content = try? EditableFile(path).content else { return nil }
        let digits = Array("0123456789abcdef")
        return String(SHA256.hash(data: content).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
