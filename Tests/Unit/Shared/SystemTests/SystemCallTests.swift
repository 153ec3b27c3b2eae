import Foundation
import System
import TestSupport
import Testing

/// Whole reads and writes, with real pipes and files.
final class SystemCallTests {
    let reading: Descriptor
    let writing: Descriptor

    init() throws {
        let ends = try #require(DescriptorPair.pipe())
        reading = Descriptor(owning: ends.first)
        writing = Descriptor(owning: ends.second)
    }

    private func write(_ bytes: [UInt8]) -> SystemCall.Written {
        bytes.withUnsafeBytes { SystemCall.writeAll($0, to: writing.raw) }
    }

    @Test("a read of all bytes stops at the limit, and leaves the rest")
    func limit() {
        #expect(write([1, 2, 3, 4, 5]).error == nil)
        var bytes: [UInt8] = [0]
        #expect(SystemCall.readAll(reading.raw, into: &bytes, limit: 2) == nil)
        #expect(bytes == [0, 1, 2])
        #expect(SystemCall.readAll(reading.raw, into: &bytes, limit: 3) == nil)
        #expect(bytes == [0, 1, 2, 3, 4, 5])
    }

    @Test("a read whose time runs out keeps what arrived")
    func timeout() {
        #expect(write([1, 2]).error == nil)
        var bytes: [UInt8] = []
        #expect(SystemCall.readAll(reading.raw, into: &bytes, limit: 100) { 10 } == ETIMEDOUT)
        #expect(bytes == [1, 2])
    }

    @Test("a failed read reports the error number")
    func failedRead() {
        var bytes: [UInt8] = []
        #expect(SystemCall.readAll(writing.raw, into: &bytes, limit: 1) == EBADF)
        #expect(bytes.isEmpty)
    }

    @Test("a write that does not fit reports how much was written")
    func partialWrite() {
        #expect(fcntl(writing.raw, F_SETFL, O_NONBLOCK) == 0)
        let written = write([UInt8](repeating: 7, count: 1 << 22))
        #expect(written.error == EAGAIN)
        #expect(written.count > 0 && written.count < 1 << 22)
    }

    @Test("a write from an offset replaces only what is there")
    func offset() throws {
        let files = try TemporaryDirectory()
        let file = Descriptor(owning: open(try files.file("a", "abcdef"), O_RDWR | O_CLOEXEC))
        let written = Array("XY".utf8).withUnsafeBytes { SystemCall.writeAll($0, to: file.raw, at: 2) }
        #expect(written.error == nil)
        var bytes: [UInt8] = []
        #expect(SystemCall.readAll(file.raw, into: &bytes, limit: 100) == nil)
        #expect(String(decoding: bytes, as: UTF8.self) == "abXYef")
    }
}
