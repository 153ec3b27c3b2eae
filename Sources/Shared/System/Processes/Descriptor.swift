internal import Glibc

/// The owner of a file descriptor: closes it unless it is handed over.
public struct Descriptor: ~Copyable, Sendable {
    public let raw: Int32

    public init(owning raw: Int32) { self.raw = raw }

    deinit { _ = close(raw) }

    /// Returns the raw descriptor; the new owner must close it.
    public consuming func consumeRaw() -> Int32 {
        let raw = raw
        discard self
        return raw
    }
}
