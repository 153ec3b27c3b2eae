import Foundation
import System
import TestSupport
import Testing

/// The native protocol of systemd's journal.
struct JournalTests {
    /// The fields of a datagram, as journald reads them.
    private static func fields(_ bytes: [UInt8]) throws -> [[String]] {
        var (fields, rest) = ([[String]](), bytes[...])
        while let end = rest.firstIndex(where: { [0x0A, 0x3D].contains($0) }) {
            let name = String(decoding: rest[..<end], as: UTF8.self)
            var value = rest[(end + 1)...]
            if rest[end] == 0x0A {
                let length = value.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
                value = value.dropFirst(8)
                fields.append([name, String(decoding: value.prefix(length), as: UTF8.self)])
                value = value.dropFirst(length)
                try #require(value.first == 0x0A)
                rest = value.dropFirst()
            } else {
                let stop = try #require(value.firstIndex(of: 0x0A))
                fields.append([name, String(decoding: value[..<stop], as: UTF8.self)])
                rest = value[(stop + 1)...]
            }
        }
        try #require(rest.isEmpty)
        return fields
    }

    @Test("a value is one field with that value, whatever is in it")
    func values() throws {
        let values = ["", "work", "a=b", "a\nPRIORITY=0\n", "\n", "é😀", String(repeating: "x\n", count: 500)]
        var entry = JournalEntry()
        for value in values { entry.add("AUTHAGENT_ACCOUNT", value) }
        #expect(try Self.fields(entry.bytes) == values.map { ["AUTHAGENT_ACCOUNT", $0] })
    }

    @Test("a name has the letters that the journal allows, and is none of the journal's own")
    func names() throws {
        let names = [
            "account": "ACCOUNT", "a-b c=d\ne": "A_B_C_D_E", "_PID": "PID", "9x": "X", "": "FIELD", "é": "FIELD",
            String(repeating: "a", count: 100): String(repeating: "A", count: 64),
        ]
        for (name, expected) in names {
            var entry = JournalEntry()
            entry.add(name, "v")
            #expect(try Self.fields(entry.bytes) == [[expected, "v"]])
        }
    }

    @Test("an entry arrives as one datagram; without a socket, or if it is too long, the caller is told")
    func socket() throws {
        let files = try TemporaryDirectory()
        let path = files.path + "/socket"
        let journal = try #require(JournalSocket(path: path))
        #expect(!journal.send([0x61]))
        let receiver = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(receiver) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(receiver, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(isBound == 0)
        var entry = JournalEntry()
        entry.add("MESSAGE", "one\ntwo")
        #expect(journal.send(entry.bytes))
        var buffer = [UInt8](repeating: 0, count: 1000)
        #expect(recv(receiver, &buffer, buffer.count, 0) == entry.bytes.count)
        #expect(Array(buffer.prefix(entry.bytes.count)) == entry.bytes)
        #expect(!journal.send([UInt8](repeating: 0x61, count: 16 << 20)))
        // The socket is another one after its restart.
        unlink(path)
        #expect(!journal.send(entry.bytes))
    }

    @Test("a journal that does not read is waited for, and not for ever")
    func hung() throws {
        let files = try TemporaryDirectory()
        let path = files.path + "/socket"
        let receiver = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(receiver) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(receiver, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(isBound == 0)
        let journal = try #require(JournalSocket(path: path))
        var count = 0
        while count < 1_000_000, journal.send([0x61]) { count += 1 }
        #expect(count > 0 && count < 1_000_000)
        #expect(!journal.send([0x61]))
    }

    @Test("standard error is the journal only if it is the stream that systemd has opened")
    func stream() throws {
        let files = try TemporaryDirectory()
        let path = try files.file("stream", "")
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var status = stat()
        try #require(fstat(descriptor, &status) == 0)
        let stream = "\(status.st_dev):\(status.st_ino)"
        #expect(JournalSocket.isStream(descriptor, ["JOURNAL_STREAM": stream]))
        let others = [
            "", ":", "1", "\(status.st_dev):", "\(status.st_dev):\(status.st_ino + 1)", stream + ":1", "-1:1",
        ]
        for other in others { #expect(!JournalSocket.isStream(descriptor, ["JOURNAL_STREAM": other]), "\(other)") }
        #expect(!JournalSocket.isStream(descriptor, [:]))
        #expect(!JournalSocket.isStream(-1, ["JOURNAL_STREAM": stream]))
    }
}
