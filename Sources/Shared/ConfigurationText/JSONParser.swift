/// A value of a JSON document, with its place.
struct JSONNode {
    indirect enum Kind {
        case object([Member])
        case string(String)
        case other
    }

    struct Member {
        let name: String
        /// The offset of its name.
        let start: Int
        let value: JSONNode
    }

    let range: Range<Int>
    let kind: Kind
}

/// A strict parser (RFC 8259) that keeps places: two members of one name are refused, because two programs could then
/// read different values.
struct JSONParser {
    private let bytes: [UInt8]
    private var position = 0

    private static let maximumDepth = 64

    static func read(_ bytes: [UInt8]) throws(ConfigurationProblem) -> JSONNode {
        var parser = JSONParser(bytes: bytes)
        let node = try parser.value(depth: 1)
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.malformed }
        return node
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

    private var malformed: ConfigurationProblem {
        .malformed(line: bytes.prefix(position).count { $0 == lineFeed } + 1)
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() { while let byte = current, Self.isSpace(byte) { position += 1 } }

    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(ConfigurationProblem) -> JSONNode {
        guard depth <= Self.maximumDepth else { throw malformed }
        skipSpace()
        let start = position
        let kind: JSONNode.Kind
        switch current {
        case UInt8(ascii: "{"): kind = .object(try members(depth))
        case UInt8(ascii: "["):
            try elements(depth)
            kind = .other
        case UInt8(ascii: "\""): kind = .string(try string())
        default:
            try word()
            kind = .other
        }
        return JSONNode(range: start..<position, kind: kind)
    }

    private mutating func members(_ depth: Int) throws(ConfigurationProblem) -> [JSONNode.Member] {
        position += 1
        var members: [JSONNode.Member] = []
        var names: Set<String> = []
        skipSpace()
        if take("}") { return members }
        repeat {
            skipSpace()
            let start = position
            guard current == UInt8(ascii: "\"") else { throw malformed }
            let name = try string()
            guard names.insert(name).inserted else { throw malformed }
            skipSpace()
            guard take(":") else { throw malformed }
            members.append(JSONNode.Member(name: name, start: start, value: try value(depth: depth + 1)))
            skipSpace()
        } while take(",")
        guard take("}") else { throw malformed }
        return members
    }

    private mutating func elements(_ depth: Int) throws(ConfigurationProblem) {
        position += 1
        skipSpace()
        if take("]") { return }
        repeat {
            _ = try value(depth: depth + 1)
            skipSpace()
        } while take(",")
        guard take("]") else { throw malformed }
    }

    /// A number, `true`, `false` or `null`.
    private mutating func word() throws(ConfigurationProblem) {
        let start = position
        while let byte = current, !Self.isSpace(byte), ![0x2C, 0x5D, 0x7D].contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard ["true", "false", "null"].contains(text) || Self.isNumber(text) else { throw malformed }
    }

    private static func isNumber(_ text: String) -> Bool {
        text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil
    }

    private mutating func string() throws(ConfigurationProblem) -> String {
        position += 1
        var text: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw malformed }
                return string
            case UInt8(ascii: "\\"): text += try escaped()
            case ..<0x20:
                position -= 1
                throw malformed
            default: text.append(byte)
            }
        }
        throw malformed
    }

    private mutating func escaped() throws(ConfigurationProblem) -> [UInt8] {
        guard let byte = current else { throw malformed }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "u"):
            var unit = try codeUnit()
            if UTF16.isLeadSurrogate(UInt16(unit)), take("\\"), take("u") {
                let low = try codeUnit()
                guard UTF16.isTrailSurrogate(UInt16(low)) else { throw malformed }
                unit = 0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF
            }
            guard let scalar = Unicode.Scalar(unit) else { throw malformed }
            return Array(String(scalar).utf8)
        default: throw malformed
        }
    }

    private mutating func codeUnit() throws(ConfigurationProblem) -> UInt32 {
        let digits = bytes[min(position, bytes.count)...].prefix(4)
        guard digits.count == 4, digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw malformed }
        position += 4
        return unit
    }
}
