internal import Glibc

/// Bytes that never leave locked memory by themselves: not swapped, not in core dumps, wiped when freed, never printed.
///
/// Whoever needs the plain bytes asks for them by name and keeps that window small. Copies that a JSON codec, libcurl
/// or a socket buffer makes cannot be wiped from here.
public final class SecretBytes: Sendable {
    // Sendable: the slot is written only in init, and read and freed once nobody else holds this object.
    private nonisolated(unsafe) let slot: LockedPages.Slot

    public let count: Int

    /// Copies `bytes`; the caller's copy stays the caller's to wipe.
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

    /// Lends the bytes for the time of the call.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: slot.address, count: count))
    }

    /// A plain copy, for an interface that takes nothing else.
    public func revealed() -> [UInt8] { withBytes { [UInt8]($0) } }

    /// A plain copy as text; malformed UTF-8 is repaired, so compare with `==` on the secrets instead.
    public func revealedText() -> String { withBytes { String(decoding: $0, as: UTF8.self) } }
}

extension SecretBytes: Equatable {
    /// Takes the same time wherever the bytes differ.
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
