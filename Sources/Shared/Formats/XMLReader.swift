/// An element of a small XML document: its children, or its text.
package struct XMLElement: Equatable, Sendable {
    package let name: String
    /// Empty if the element has children.
    package let text: String
    package let children: [XMLElement]

    /// The only child of that name; `nil` if there is none, or more than one.
    package func child(_ name: String) -> XMLElement? {
        let found = children.filter { $0.name == name }
        return found.count == 1 ? found[0] : nil
    }
}

/// Why a document cannot be read.
package enum XMLRejection: Error, Equatable, Sendable {
    case tooLarge
    case tooDeep
    case tooManyElements
    case malformed(offset: Int)
}

/// A strict reader of a small subset of XML 1.0: elements, attributes, text and references to characters.
///
/// It refuses what a service's reply does not have, and what readers have been attacked with: document types and their
/// entities, CDATA, comments, processing instructions, names with a prefix, text beside elements. Attributes are
/// checked and dropped, the namespace among them.
package struct XMLReader {
    /// STS answers with some 3 KiB.
    package static let maximumSize = 64 * 1024
    /// The replies of STS are 4 levels deep.
    package static let maximumDepth = 16
    package static let maximumElements = 256

    private let bytes: [UInt8]
    private var position = 0
    private var elements = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads the whole document; after its element only white space may follow.
    package static func read(_ bytes: some Collection<UInt8>) throws(XMLRejection) -> XMLElement {
        guard bytes.count <= maximumSize else { throw .tooLarge }
        var reader = XMLReader(Array(bytes))
        guard String(validating: reader.bytes, as: UTF8.self) != nil else { throw .malformed(offset: 0) }
        try reader.declaration()
        reader.skipSpace()
        guard reader.take("<") else { throw reader.malformed }
        let element = try reader.element(depth: 1)
        reader.skipSpace()
        guard reader.position == reader.bytes.count else { throw reader.malformed }
        return element
    }

    private var malformed: XMLRejection { .malformed(offset: position) }
    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, Self.isSpace(byte) { position += 1 }
    }

    /// Consumes the text if it comes next.
    private mutating func take(_ text: StaticString) -> Bool {
        let isNext = text.withUTF8Buffer { bytes[position...].starts(with: $0) }
        if isNext { position += text.utf8CodeUnitCount }
        return isNext
    }

    /// Skips `<?xml … ?>` (XML 1.0 §2.8), which only the first bytes can be.
    private mutating func declaration() throws(XMLRejection) {
        guard take("<?xml") else { return }
        while !take("?>") {
            guard let byte = current, byte != UInt8(ascii: "<"), byte != UInt8(ascii: ">") else { throw malformed }
            position += 1
        }
    }

    /// Reads an element after its `<`.
    private mutating func element(depth: Int) throws(XMLRejection) -> XMLElement {
        guard depth <= Self.maximumDepth else { throw .tooDeep }
        elements += 1
        guard elements <= Self.maximumElements else { throw .tooManyElements }
        let name = try name()
        try attributes()
        if take("/>") { return XMLElement(name: name, text: "", children: []) }
        guard take(">") else { throw malformed }
        var (text, children): ([UInt8], [XMLElement]) = ([], [])
        while let byte = current {
            switch byte {
            case UInt8(ascii: "<") where take("</"):
                guard try self.name() == name else { throw malformed }
                skipSpace()
                guard take(">"), children.isEmpty || text.allSatisfy(Self.isSpace) else { throw malformed }
                return XMLElement(
                    name: name, text: children.isEmpty ? String(decoding: text, as: UTF8.self) : "",
                    children: children)
            case UInt8(ascii: "<"):
                position += 1
                children.append(try element(depth: depth + 1))
            default: try character(onto: &text)
            }
        }
        throw malformed
    }

    /// Reads a name of ASCII letters, digits and `_.-`. A prefix with its colon is refused.
    private mutating func name() throws(XMLRejection) -> String {
        let start = position
        while let byte = current, byte.isLetterOrDigit || "_.-".utf8.contains(byte) { position += 1 }
        guard start < position, !bytes[start].isDigit, !"-.".utf8.contains(bytes[start]) else { throw malformed }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func attributes() throws(XMLRejection) {
        while let byte = current, Self.isSpace(byte) {
            skipSpace()
            guard let next = current, next != UInt8(ascii: "/"), next != UInt8(ascii: ">") else { return }
            _ = try name()
            if take(":") { _ = try name() }
            skipSpace()
            guard take("=") else { throw malformed }
            skipSpace()
            guard let quote = current, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
                throw malformed
            }
            position += 1
            var ignored: [UInt8] = []
            while current != quote {
                guard let byte = current, byte != UInt8(ascii: "<") else { throw malformed }
                try character(onto: &ignored)
            }
            position += 1
        }
    }

    /// Reads one character of a text, or a reference to one.
    private mutating func character(onto text: inout [UInt8]) throws(XMLRejection) {
        guard let byte = current else { throw malformed }
        // XML 1.0 §2.2 has no other control characters; §2.4 does not allow the end of a CDATA section in text.
        guard byte >= 0x20 || Self.isSpace(byte), byte != 0x7F, !bytes[position...].starts(with: "]]>".utf8) else {
            throw malformed
        }
        guard byte == UInt8(ascii: "&") else {
            text.append(byte)
            position += 1
            return
        }
        text.append(contentsOf: String(try reference()).utf8)
    }

    /// Reads `&lt;` and the other predefined entities, or a number (XML 1.0 §4.1, §4.6).
    private mutating func reference() throws(XMLRejection) -> Unicode.Scalar {
        let start = position
        guard let end = bytes[start...].prefix(10).firstIndex(of: UInt8(ascii: ";")) else { throw malformed }
        let word = String(decoding: bytes[(start + 1)..<end], as: UTF8.self)
        position = end + 1
        switch word {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default: break
        }
        let isHex = word.hasPrefix("#x")
        let digits = word.dropFirst(isHex ? 2 : 1)
        guard word.hasPrefix("#"), let first = digits.utf8.first, first.isHexDigit,
            let number = UInt32(digits, radix: isHex ? 16 : 10), let scalar = Unicode.Scalar(number),
            number >= 0x20 && number != 0x7F || number < 0x20 && Self.isSpace(UInt8(number))
        else { throw .malformed(offset: start) }
        return scalar
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
}
