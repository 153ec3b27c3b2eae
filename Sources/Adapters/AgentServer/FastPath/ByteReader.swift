/// A cursor over bytes.
struct ByteReader {
    typealias Bytes = Slice<UnsafeRawBufferPointer>

    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { index == bytes.count }

    /// Skips exactly this text; returns false and stays if something else follows.
    mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - index >= count else { return false }
        for offset in 0..<count where bytes[index + offset] != text.utf8Start[offset] { return false }
        index += count
        return true
    }

    mutating func take(while isTaken: (UInt8) -> Bool) -> Bytes {
        let start = index
        while index < bytes.count, isTaken(bytes[index]) { index += 1 }
        return bytes[start..<index]
    }

    /// Takes a number of one to nine digits; `nil` if none follows.
    mutating func number() -> Int? {
        let digits = take(while: Self.isDigit)
        guard (1...9).contains(digits.count) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Removes spaces at both ends.
    static func trimmed(_ bytes: Bytes) -> Bytes {
        var bytes = bytes
        while bytes.first == UInt8(ascii: " ") { bytes = bytes.dropFirst() }
        while bytes.last == UInt8(ascii: " ") { bytes = bytes.dropLast() }
        return bytes
    }

    /// Whether the bytes are this text in any case. The text is in lower case.
    static func isSame(_ bytes: Bytes, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        var offset = 0
        for byte in bytes {
            let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            guard (isUpper ? byte | 0x20 : byte) == text.utf8Start[offset] else { return false }
            offset += 1
        }
        return true
    }
}
