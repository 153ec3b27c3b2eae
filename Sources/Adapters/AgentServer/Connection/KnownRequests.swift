internal import NIOCore

/// Requests for tokens that were read before, by their bytes: programs ask with the same words again and again, and the
/// same words mean the same. Used on the event loop only.
///
/// Each user's programs have their own, because what is known is answered sooner: how soon must not tell one user what
/// another one asks for.
final class KnownRequests {
    private struct Key: Hashable {
        let user: UInt32
        let bytes: ByteBuffer
    }

    private var asks: [Key: TokenAsk] = [:]

    /// Enough for every account of a machine with some hundred of them; 128 KiB at most.
    private static let limit = 512
    private static let largest = 256

    func find(_ bytes: ByteBuffer, of user: UInt32) -> TokenAsk? {
        bytes.readableBytes <= Self.largest ? asks[Key(user: user, bytes: bytes)] : nil
    }

    func remember(_ bytes: ByteBuffer, of user: UInt32, as ask: TokenAsk) {
        guard bytes.readableBytes <= Self.largest else { return }
        // A client that sends so many different requests gains nothing from the cache.
        if asks.count >= Self.limit { asks.removeAll(keepingCapacity: true) }
        // A copy, because the connection's buffer is larger.
        asks[Key(user: user, bytes: ByteBuffer(bytes: bytes.readableBytesView))] = ask
    }

    /// Whether these are the bytes of one request without a body, as far as can be told without reading it: what is left
    /// to find out is whether the head announces one.
    static func isOneHead(_ bytes: ByteBuffer) -> Bool {
        guard bytes.readableBytes <= largest else { return false }
        return bytes.withUnsafeReadableBytes { bytes in
            guard bytes.starts(with: "GET ".utf8), bytes.count > 4 else { return false }
            var index = 0
            while index < bytes.count {
                switch bytes[index] {
                case UInt8(ascii: "\n"): return false
                case UInt8(ascii: "\r"):
                    guard index + 1 < bytes.count, bytes[index + 1] == UInt8(ascii: "\n") else { return false }
                    index += 2
                    guard index + 1 < bytes.count else { return false }
                    if bytes[index] == UInt8(ascii: "\r") {
                        return index + 2 == bytes.count && bytes[index + 1] == UInt8(ascii: "\n")
                    }
                default: index += 1
                }
            }
            return false
        }
    }
}
