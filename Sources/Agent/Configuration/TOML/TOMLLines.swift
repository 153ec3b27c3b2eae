/// The lines of a TOML file, or of one of its tables. TOMLKit reports positions of syntax errors only, so a key's line
/// is found by searching for it.
struct TOMLLines {
    private let lines: ArraySlice<Substring>

    /// All lines of a file.
    init(_ text: String) {
        // A byte order mark is not part of the first key.
        let rest = text.unicodeScalars.first?.value == 0xFEFF ? Substring(text.unicodeScalars.dropFirst()) : text[...]
        lines = Self.split(rest)[...]
    }

    /// CR LF is one character in Swift.
    static func split<Text: StringProtocol>(_ text: Text) -> [Substring] where Text.SubSequence == Substring {
        text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
    }

    private init(_ lines: ArraySlice<Substring>) { self.lines = lines }

    /// The indices of the headers `[[list]]`.
    func headers(of list: String) -> [Int] {
        lines.indices.filter { lines[$0].filter { $0 != " " && $0 != "\t" }.hasPrefix("[[\(list)]]") }
    }

    /// The lines between a header and the next one; none without a header.
    func body(after header: Int?) -> TOMLLines {
        guard let header else { return TOMLLines([]) }
        return TOMLLines(lines[(header + 1)...].prefix { $0.first { $0 != " " && $0 != "\t" } != "[" })
    }

    /// Returns the number, from 1, of the first line that has the escape of NUL in a text; `nil` if none has.
    var lineOfEscapedNUL: Int? { lines.firstIndex(where: Self.hasEscapedNUL).map { $0 + 1 } }

    /// Whether the line has `\u0000` or `\U00000000` outside of a comment of its own, not after an escaped backslash.
    private static func hasEscapedNUL(_ line: Substring) -> Bool {
        guard line.contains("0000"), line.first(where: { $0 != " " && $0 != "\t" }) != "#" else { return false }
        var rest = line
        while let backslash = rest.firstIndex(of: "\\") {
            rest = rest[rest.index(after: backslash)...]
            if rest.hasPrefix("u0000") || rest.hasPrefix("U00000000") { return true }
            rest = rest.dropFirst()
        }
        return false
    }

    /// Returns the number, from 1, of the line with the assignment, or of the table's header; `nil` if there is none.
    func number(of key: String) -> Int? {
        let parts = key.split(separator: ".", maxSplits: 1).map { Array($0.utf8) }
        let (whole, first, last) = (Array(key.utf8), parts.first, parts.dropFirst().first)
        var section: [UInt8] = []
        // The next best: the header of the key's own table, or the inline table that has the key.
        var (header, outer): (Int?, Int?) = (nil, nil)
        // Bytes, because a hostile file has thousands of lines, and a line is looked for after each error.
        for (index, line) in zip(lines.indices, lines) {
            let text = line.utf8.drop(while: Self.isBlank)
            if text.first == UInt8(ascii: "[") {
                section = text.drop { $0 == UInt8(ascii: "[") }.prefix { $0 != UInt8(ascii: "]") }.map(\.self)
                if section == whole { header = index + 1 }
                continue
            }
            guard let name = Self.name(in: text) else { continue }
            if section.isEmpty ? name == whole : last != nil && section == first && name == last {
                return index + 1
            }
            if section.isEmpty, last != nil, name == first { outer = outer ?? index + 1 }
        }
        return header ?? outer
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    /// Returns the key before an equals sign, without blanks and quotes; `nil` if the line has no such sign.
    private static func name(in text: Substring.UTF8View) -> [UInt8]? {
        guard let end = text.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        return text[..<end].filter { !isBlank($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") }
    }
}
