import SecretMemory
import Testing

@Suite struct WipedBytesTests {
    @Test("appended pieces keep their order, and a copy does not share later additions")
    func collection() {
        var bytes = WipedBytes("abc".utf8)
        let copy = bytes
        for byte in "def".utf8 { bytes.append(byte) }
        bytes.append(contentsOf: Array(repeating: UInt8(ascii: "x"), count: 1000))
        bytes.append(contentsOf: "end".utf8.lazy.map { $0 })
        #expect(String(decoding: copy, as: UTF8.self) == "abc")
        #expect(String(decoding: bytes, as: UTF8.self) == "abcdef" + String(repeating: "x", count: 1000) + "end")
        #expect(WipedBytes(bytes) == bytes && bytes != copy)
        bytes.removeLast(1003)
        #expect(bytes == WipedBytes("abcdef".utf8))
        #expect(WipedBytes().isEmpty && WipedBytes([]) == WipedBytes(capacity: 10))
    }

    @Test("the memory is wiped when the bytes grow and when they are released")
    func wiped() {
        var bytes = WipedBytes(capacity: 64)
        bytes.append(contentsOf: Array("a secret of some length, and more".utf8))
        let old = bytes.withBytes { UInt(bitPattern: $0.baseAddress) }
        bytes.append(contentsOf: Array(repeating: 0, count: 64 * 1024))
        #expect(bytes.withBytes { UInt(bitPattern: $0.baseAddress) } != old)
        // Freed, but still mapped: the heap keeps small blocks. Its own links are in the first 16 bytes.
        #expect(Self.bytes(at: old, from: 16, to: 33).allSatisfy { $0 == 0 })
    }

    @Test("the bytes are never printed")
    func description() {
        let bytes = WipedBytes("s3cret".utf8)
        #expect("\(bytes)" == "<6 bytes>" && String(reflecting: bytes) == "<6 bytes>")
        #expect(Mirror(reflecting: bytes).children.isEmpty)
    }

    private static func bytes(at address: UInt, from: Int, to: Int) -> [UInt8] {
        guard let start = UnsafeRawPointer(bitPattern: address) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start + from, count: to - from))
    }
}
