internal import Glibc

/// Room for one read(2) after the other, cleared at its end.
public struct WipedBuffer: ~Copyable {
    private let room: UnsafeMutableRawBufferPointer

    public init(size: Int) { room = .allocate(byteCount: size, alignment: 1) }

    deinit {
        if let start = room.baseAddress { explicit_bzero(start, room.count) }
        room.deallocate()
    }

    /// Lends the room for the time of the call.
    public mutating func withBytes<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(room)
    }
}
