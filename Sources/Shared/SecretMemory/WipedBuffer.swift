internal import Glibc

/// A buffer for repeated read(2) calls, wiped at its end.
public struct WipedBuffer: ~Copyable {
    private let room: UnsafeMutableRawBufferPointer

    public init(size: Int) { room = .allocate(byteCount: size, alignment: 1) }

    deinit {
        if let start = room.baseAddress { explicit_bzero(start, room.count) }
        room.deallocate()
    }

    /// Lends the buffer for the duration of the call.
    public mutating func withBytes<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(room)
    }
}
