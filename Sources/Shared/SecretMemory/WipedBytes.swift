internal import Glibc

/// Bytes in ordinary memory that may briefly hold a secret: a request, a reply, a message in transit.
///
/// They are wiped when the last owner releases them, and at the old address when they grow. Keep long-lived secrets in
/// `SecretBytes`, whose memory is locked as well.
public struct WipedBytes: Sendable {
    private var storage: Storage

    public init() { storage = Storage(capacity: 0) }

    /// Creates an empty value with reserved room: without growth, the bytes never move.
    public init(capacity: Int) { storage = Storage(capacity: capacity) }

    /// Copies `bytes`, or shares them if they are `WipedBytes` already; the caller wipes its own copy.
    public init(_ bytes: some Collection<UInt8>) {
        if let same = bytes as? WipedBytes {
            self = same
            return
        }
        storage = Storage(capacity: bytes.count)
        append(contentsOf: bytes)
    }

    public mutating func append(_ byte: UInt8) {
        makeRoom(for: 1)
        storage.start.storeBytes(of: byte, toByteOffset: storage.count, as: UInt8.self)
        storage.count += 1
    }

    public mutating func append(contentsOf bytes: some Collection<UInt8>) {
        let isDone: Void? = bytes.withContiguousStorageIfAvailable { append(UnsafeRawBufferPointer($0)) }
        guard isDone == nil else { return }
        makeRoom(for: bytes.count)
        for byte in bytes { append(byte) }
    }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        makeRoom(for: bytes.count)
        (storage.start + storage.count).copyMemory(from: source, byteCount: bytes.count)
        storage.count += bytes.count
    }

    public mutating func removeLast(_ count: Int) {
        precondition(count <= storage.count)
        makeRoom(for: 0)
        storage.count -= count
        explicit_bzero(storage.start + storage.count, count)
    }

    /// Lends the bytes for the duration of the call.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: storage.start, count: storage.count))
    }

    /// Makes the storage unique, with room for `more` bytes.
    private mutating func makeRoom(for more: Int) {
        let needed = storage.count + more
        if needed <= storage.capacity, isKnownUniquelyReferenced(&storage) { return }
        let larger = Storage(capacity: Swift.max(needed, 2 * storage.count))
        larger.start.copyMemory(from: storage.start, byteCount: storage.count)
        larger.count = storage.count
        storage = larger
    }

    // Sendable: written only by a `WipedBytes` that owns it uniquely.
    private final class Storage: @unchecked Sendable {
        let start: UnsafeMutableRawPointer
        let capacity: Int
        var count = 0

        init(capacity: Int) {
            self.capacity = Swift.max(capacity, 32)
            start = .allocate(byteCount: self.capacity, alignment: 1)
        }

        deinit {
            explicit_bzero(start, capacity)
            start.deallocate()
        }
    }
}

extension WipedBytes: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { storage.count }

    public subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < storage.count)
        return storage.start.load(fromByteOffset: index, as: UInt8.self)
    }

    public func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result? {
        try body(UnsafeRawBufferPointer(start: storage.start, count: storage.count).bindMemory(to: UInt8.self))
    }
}

extension WipedBytes: Equatable {
    public static func == (left: WipedBytes, right: WipedBytes) -> Bool { left.elementsEqual(right) }
}

extension WipedBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "<\(count) bytes>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
