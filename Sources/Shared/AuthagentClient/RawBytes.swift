internal import Glibc

/// Bytes that are appended at the end and used up from the start.
///
/// Not `[UInt8]`, whose metadata each module builds at run time: some twenty page faults in every start of a client.
package struct RawBytes: ~Copyable {
    @usableFromInline package private(set) var memory: UnsafeMutableRawPointer
    private var capacity: Int
    /// How far the memory was ever written, if that is more than `end`.
    private var used = 0
    @usableFromInline package private(set) var start = 0
    @usableFromInline package private(set) var end = 0

    package init(capacity: Int) {
        self.capacity = max(capacity, 1)
        memory = .allocate(byteCount: self.capacity, alignment: 1)
    }

    deinit { release() }

    /// Clears what was written, which may be a token; more would touch further pages.
    private func release() {
        explicit_bzero(memory, max(used, end))
        memory.deallocate()
    }

    @inlinable package var count: Int { end - start }
    package var isEmpty: Bool { start == end }

    /// Lends the bytes for the duration of the call. Inlinable, because a generic function of another module looks its
    /// types up at run time.
    @inlinable package func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeBufferPointer(start: (memory + start).assumingMemoryBound(to: UInt8.self), count: count))
    }

    package mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        makeRoom(for: bytes.count)
        (memory + end).copyMemory(from: source, byteCount: bytes.count)
        end += bytes.count
    }

    package mutating func append(literal text: StaticString) {
        append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    /// Appends what `read` stores, and returns its result: the number of bytes, or less than 1 for none.
    package mutating func append(reading read: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        if end == capacity { makeRoom(for: Self.readSize) }
        let count = read(UnsafeMutableRawBufferPointer(start: memory + end, count: capacity - end))
        precondition(count <= capacity - end)
        end += max(0, count)
        return count
    }

    package mutating func removeFirst(_ count: Int) {
        precondition(count <= self.count)
        start += count
        if start == end {
            used = max(used, end)
            (start, end) = (0, 0)
        }
    }

    /// What is read at a time once the first capacity is used up.
    private static let readSize = 16 * 1024

    private mutating func makeRoom(for more: Int) {
        if end + more <= capacity { return }
        let count = count
        if count + more <= capacity {
            used = max(used, end)
            memory.copyMemory(from: memory + start, byteCount: count)
        } else {
            let larger = max(2 * capacity, count + more)
            let copy = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 1)
            copy.copyMemory(from: memory + start, byteCount: count)
            release()
            (memory, capacity, used) = (copy, larger, 0)
        }
        (start, end) = (0, count)
    }
}
