internal import Glibc

/// Bytes in locked memory: not swapped, not in core dumps, wiped when freed, never printed.
///
/// Plain copies are explicit (`revealed`); keep them short-lived. Copies made by a JSON codec, libcurl or a socket
/// buffer cannot be wiped.
public final class SecretBytes: Sendable {
    // Sendable: the slot is written only in init, and freed after the last reference is gone.
    private nonisolated(unsafe) let slot: LockedPages.Slot

    public let count: Int

    /// Copies `bytes`; the caller wipes its own copy.
    public init(_ bytes: some Collection<UInt8>) {
        count = bytes.count
        slot = LockedPages.shared.allocate(bytes.count)
        var destination = slot.address
        for byte in bytes {
            destination.storeBytes(of: byte, as: UInt8.self)
            destination += 1
        }
    }

    public convenience init(_ text: String) { self.init(text.utf8) }

    deinit { LockedPages.shared.free(slot) }

    /// Lends the bytes for the duration of the call.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: slot.address, count: count))
    }

    /// Returns a plain copy, for an interface that accepts nothing else.
    public func revealed() -> [UInt8] { withBytes { [UInt8]($0) } }

    /// Returns a plain copy as text. Malformed UTF-8 is repaired, so compare secrets with `==` instead.
    public func revealedText() -> String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

extension SecretBytes: Equatable {
    /// Compares in constant time.
    public static func == (left: SecretBytes, right: SecretBytes) -> Bool {
        guard left.count == right.count else { return false }
        return left.withBytes { first in
            right.withBytes { second in
                var difference: UInt8 = 0
                for index in 0..<first.count { difference |= first[index] ^ second[index] }
                return difference == 0
            }
        }
    }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "<\(count) secret bytes>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
