let lineFeed = UInt8(ascii: "\n")

extension [UInt8] {
    /// Returns the text with other bytes in this range.
    func replacing(_ range: Range<Int>, with bytes: [UInt8]) -> [UInt8] {
        var text = self
        text.replaceSubrange(range, with: bytes)
        return text
    }
}

/// One line of a text, found without decoding it: configuration files may have any encoding.
struct TextLine {
    /// From 1.
    let number: Int
    /// With its line feed, if it has one.
    let range: Range<Int>
    /// Without line feed and carriage return.
    let content: ArraySlice<UInt8>

    static func all(in text: [UInt8]) -> [TextLine] {
        var lines: [TextLine] = []
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: lineFeed) ?? text.count
            var content = text[start..<end]
            if content.last == UInt8(ascii: "\r"), end < text.count { content.removeLast() }
            let next = min(end + 1, text.count)
            lines.append(TextLine(number: lines.count + 1, range: start..<next, content: content))
            start = next
        }
        return lines
    }
}
