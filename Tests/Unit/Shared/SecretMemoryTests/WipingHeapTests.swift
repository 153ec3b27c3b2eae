import CWipingHeap
import Glibc
import Testing

/// The heap of this process, which has the same functions as the agent's.
@Suite struct WipingHeapTests {
    init() { wiping_heap() }

    private static let secret = Array("a secret of thirty-two bytes, ..".utf8)

    /// Returns a block of that size, filled with the secret.
    private func block(_ size: Int) -> UnsafeMutableRawPointer {
        guard let block = malloc(size) else { fatalError("out of memory") }
        for index in 0..<size {
            block.storeBytes(of: Self.secret[index % Self.secret.count], toByteOffset: index, as: UInt8.self)
        }
        return block
    }

    /// Whether the bytes are zero; the heap's own links are in the first 16 bytes of a free block.
    private func isClear(_ address: UInt, _ bytes: Range<Int>) -> Bool {
        guard let start = UnsafeRawPointer(bitPattern: address) else { return false }
        return UnsafeRawBufferPointer(start: start + bytes.lowerBound, count: bytes.count).allSatisfy { $0 == 0 }
    }

    @Test("a block is wiped when it is released", arguments: [64, 500, 1000])
    func release(size: Int) {
        let block = block(size)
        let address = UInt(bitPattern: block)
        free(block)
        #expect(isClear(address, 32..<size))
    }

    @Test("a block that grows is wiped at its old place, one that shrinks behind its new end")
    func resize() throws {
        let first = block(800)
        let address = UInt(bitPattern: first)
        let grown = try #require(realloc(first, 100_000))
        #expect(UnsafeRawBufferPointer(start: grown, count: 800).elementsEqual((0..<800).map { Self.secret[$0 % 32] }))
        #expect(UInt(bitPattern: grown) != address && isClear(address, 32..<800))
        let shrunk = try #require(realloc(grown, 700))
        #expect(UnsafeRawBufferPointer(start: shrunk, count: 700).elementsEqual((0..<700).map { Self.secret[$0 % 32] }))
        let less = try #require(realloc(shrunk, 500))
        #expect(UnsafeRawBufferPointer(start: less, count: 500).elementsEqual((0..<500).map { Self.secret[$0 % 32] }))
        #expect(isClear(UInt(bitPattern: less), 512..<700))
        #expect(realloc(less, 0) == nil)
    }

    @Test("a request that is too large fails, and keeps the old block")
    func overflow() throws {
        let block = block(64)
        #expect(reallocarray(block, Int.max / 2, 8) == nil && errno == ENOMEM)
        #expect(block.load(as: UInt8.self) == Self.secret[0])
        #expect(realloc(block, Int.max) == nil)
        let more = try #require(reallocarray(block, 16, 8))
        #expect(more.load(as: UInt8.self) == Self.secret[0])
        free(more)
        free(nil)
        free(try #require(reallocarray(nil, 4, 4)))
    }
}
