/// How deep the dotted keys of a TOML text go. The parser limits nested values, and not these: each part is a table in
/// a table, and a key of thousands of parts would end the process when they are freed.
struct KeyDepth {
    /// The agent's own keys have two parts.
    private static let most = 64

    private var bytes: ArraySlice<UInt8>
    private var line = 1
    private var depth = 0

    /// Returns the number, from 1, of the first line with a key that goes too deep; `nil` if none does.
    static func lineBeyondLimit(_ text: String) -> Int? {
        var scan = KeyDepth(bytes: Array(text.utf8)[...])
        while let byte = scan.bytes.popFirst() {
            scan.take(byte)
            if scan.depth > most { return scan.line }
        }
        return nil
    }

    private init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    private mutating func take(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "."): depth += 1
        case UInt8(ascii: "\""), UInt8(ascii: "'"): skipText(byte)
        case UInt8(ascii: "#"): bytes = bytes.drop { $0 != UInt8(ascii: "\n") }
        case UInt8(ascii: "\n"): (line, depth) = (line + 1, 0)
        case UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"): depth = 0
        default: break
        }
    }

    /// Skips a text or a quoted part of a key, which begins after this quote (TOML v1.0.0, String).
    private mutating func skipText(_ quote: UInt8) {
        let isLong = bytes.starts(with: [quote, quote])
        if isLong { bytes = bytes.dropFirst(2) }
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "\n") {
                line += 1
                // Another text is not TOML, which the parser reports.
                guard isLong else { return }
            }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                if bytes.popFirst() == UInt8(ascii: "\n") { line += 1 }
            } else if byte == quote, !isLong || bytes.starts(with: [quote, quote]) {
                if isLong { bytes = bytes.drop { $0 == quote } }
                return
            }
        }
    }
}
