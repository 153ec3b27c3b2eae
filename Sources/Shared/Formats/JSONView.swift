/// A value of a JSON text (RFC 8259), found where it stands: nothing is built or copied, so a program that reads one
/// reply and ends touches few pages. Valid as long as the bytes of the text.
///
/// `JSONReader` is for replies of a provider, where members that occur twice matter; here the first one counts.
package struct JSONView {
    /// The value as it is written, without the space around it.
    package let source: UnsafeBufferPointer<UInt8>

    /// Deeper than any text of the programs that the client reads.
    private static let maximumDepth = 32

    /// Checks the whole text; `nil` unless it is one JSON value, at most 32 levels deep.
    package init?(_ text: UnsafeBufferPointer<UInt8>) {
        var cursor = JSONCursor(text)
        cursor.skipSpace()
        let start = cursor.position
        guard cursor.skipValue(depth: Self.maximumDepth) else { return nil }
        let end = cursor.position
        cursor.skipSpace()
        guard cursor.isAtEnd else { return nil }
        source = UnsafeBufferPointer(rebasing: text[start..<end])
    }

    private init(checked source: UnsafeBufferPointer<UInt8>) { self.source = source }

    package var isObject: Bool { source.first == UInt8(ascii: "{") }

    /// The first member with this name, which must be written without escapes; `nil` for any other value.
    package subscript(_ name: StaticString) -> JSONView? {
        guard isObject else { return nil }
        var cursor = JSONCursor(source)
        _ = cursor.take(UInt8(ascii: "{"))
        while let key = cursor.next() {
            cursor.skipSpace()
            guard cursor.take(UInt8(ascii: ":")), let value = cursor.next() else { return nil }
            if JSONView(checked: key).isPlainText(name) { return JSONView(checked: value) }
            cursor.skipSpace()
            guard cursor.take(UInt8(ascii: ",")) else { return nil }
        }
        return nil
    }

    /// Calls `body` with each element of an array; not at all for any other value.
    package func forEachElement<Failure: Error>(_ body: (JSONView) throws(Failure) -> Void) throws(Failure) {
        guard source.first == UInt8(ascii: "[") else { return }
        var cursor = JSONCursor(source)
        _ = cursor.take(UInt8(ascii: "["))
        while let value = cursor.next() {
            try body(JSONView(checked: value))
            cursor.skipSpace()
            guard cursor.take(UInt8(ascii: ",")) else { return }
        }
    }

    /// The characters of a string as they are written, with their escapes; `nil` for any other value.
    package var quoted: UnsafeBufferPointer<UInt8>? {
        guard source.first == UInt8(ascii: "\"") else { return nil }
        return UnsafeBufferPointer(rebasing: source[1..<(source.count - 1)])
    }

    /// Whether this is the string `word`, written without escapes.
    package func isPlainText(_ word: StaticString) -> Bool {
        guard let quoted else { return false }
        return JSONCursor.isEqual(quoted, word)
    }

    /// An integer without fraction and exponent, of at most 15 digits; `nil` for any other value.
    package var integer: Int? {
        var (digits, sign) = (source[...], 1)
        if digits.first == UInt8(ascii: "-") { (digits, sign) = (digits.dropFirst(), -1) }
        guard (1...15).contains(digits.count) else { return nil }
        var number = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            number = number * 10 + Int(digit - 0x30)
        }
        return sign * number
    }

    /// Calls `body` with each byte of the string, its escapes decoded, in UTF-8. Returns false, perhaps after some
    /// calls, for any other value and for half of a surrogate pair.
    package func forEachByte(_ body: (UInt8) -> Void) -> Bool {
        guard let text = quoted else { return false }
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "\\") else {
                body(text[index])
                index += 1
                continue
            }
            // The text is checked: an escape is complete.
            let escape = text[index + 1]
            index += 2
            guard escape == UInt8(ascii: "u") else {
                body(Self.character(of: escape))
                continue
            }
            var scalar = Self.unit(text, index)
            index += 4
            if scalar & 0xFC00 == 0xD800 {
                guard index + 6 <= text.count, text[index] == UInt8(ascii: "\\"), text[index + 1] == UInt8(ascii: "u")
                else { return false }
                let low = Self.unit(text, index + 2)
                guard low & 0xFC00 == 0xDC00 else { return false }
                scalar = 0x10000 + (scalar & 0x3FF) << 10 + low & 0x3FF
                index += 6
            } else if scalar & 0xFC00 == 0xDC00 {
                return false
            }
            Self.encode(scalar, body)
        }
        return true
    }

    /// The character of an escape with one letter (RFC 8259 §7).
    private static func character(of escape: UInt8) -> UInt8 {
        switch escape {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: escape
        }
    }

    /// Four hexadecimal digits.
    private static func unit(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> UInt32 {
        var unit: UInt32 = 0
        for digit in text[start..<(start + 4)] {
            unit = unit << 4 | UInt32(digit <= 0x39 ? digit - 0x30 : (digit | 0x20) - 0x61 + 10)
        }
        return unit
    }

    private static func encode(_ scalar: UInt32, _ body: (UInt8) -> Void) {
        func rest(_ shift: UInt32) { body(UInt8(0x80 | scalar >> shift & 0x3F)) }
        switch scalar {
        case ..<0x80: body(UInt8(scalar))
        case ..<0x800:
            body(UInt8(0xC0 | scalar >> 6))
            rest(0)
        case ..<0x10000:
            body(UInt8(0xE0 | scalar >> 12))
            rest(6)
            rest(0)
        default:
            body(UInt8(0xF0 | scalar >> 18))
            rest(12)
            rest(6)
            rest(0)
        }
    }
}
