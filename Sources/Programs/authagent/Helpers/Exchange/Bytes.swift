internal import Glibc

/// Bytes of an argument, the input or a reply, valid as long as what they belong to.
///
/// Helpers start as often as `authagent token`, and avoid the same as `QuickToken`: strings, arrays, decoders.
typealias Bytes = UnsafeBufferPointer<UInt8>

extension UnsafeBufferPointer<UInt8> {
    init(_ text: UnsafePointer<CChar>) {
        self.init(start: UnsafeRawPointer(text).assumingMemoryBound(to: UInt8.self), count: strlen(text))
    }

    /// The value of an environment variable; `nil` if it is not set or empty.
    init?(variable name: StaticString) {
        guard let value = getenv(UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)),
            value.pointee != 0
        else { return nil }
        self.init(value)
    }

    func equals(_ word: StaticString) -> Bool { count == word.utf8CodeUnitCount && hasPrefix(word) }

    func hasPrefix(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard count >= length, let start = baseAddress else { return length == 0 }
        return memcmp(start, word.utf8Start, length) == 0
    }

    /// Compares ignoring ASCII case.
    func equalsIgnoringCase(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        var index = 0
        while index < count {
            guard Self.lowercased(self[index]) == Self.lowercased(word.utf8Start[index]) else { return false }
            index += 1
        }
        return true
    }

    /// Without the first bytes.
    func dropping(_ length: Int) -> Bytes { part(length, count) }

    func part(_ start: Int, _ end: Int) -> Bytes { Bytes(rebasing: self[start..<end]) }

    /// The place of the first such byte; `nil` without one.
    func place(of byte: Unicode.Scalar, from start: Int = 0) -> Int? {
        var index = start
        while index < count {
            if self[index] == UInt8(ascii: byte) { return index }
            index += 1
        }
        return nil
    }

    /// Without white space at both ends.
    var trimmed: Bytes {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        var (start, end) = (0, count)
        while start < end, isSpace(self[start]) { start += 1 }
        while start < end, isSpace(self[end - 1]) { end -= 1 }
        return part(start, end)
    }

    /// For messages.
    var text: String { String(decoding: self, as: UTF8.self) }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
