internal import SecretMemory

/// A strict reader of one JSON document (RFC 8259) from an untrusted server.
///
/// Foundation's decoder silently keeps one of two members with the same name, so that two readers may see different
/// tokens in one reply; it also has no limit for depth or number of values.
package struct JSONReader {
    /// Equal to the transport's limit for bodies, because other transports may have none.
    package static let maximumSize = 1 << 20
    /// Real replies are 3 levels deep.
    package static let maximumDepth = 32
    /// The largest metadata documents list a few hundred scopes.
    package static let maximumValues = 16_384

    private let bytes: WipedBytes
    private var position = 0
    private var values = 0

    private init(_ bytes: some Collection<UInt8>) { self.bytes = WipedBytes(bytes) }

    /// Reads the whole document; anything but white space after the value is an error.
    package static func read(_ bytes: some Collection<UInt8>) throws(JSONRejection) -> JSONValue {
        guard bytes.count <= maximumSize else { throw .tooLarge }
        var reader = JSONReader(bytes)
        let value = try reader.value(depth: 1)
        reader.skipSpace()
        guard reader.position == reader.bytes.count else { throw reader.malformed }
        return value
    }

    private var malformed: JSONRejection { .malformed(offset: position) }
    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
    }

    /// Consumes `byte` if it comes next.
    private mutating func take(_ byte: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONRejection) -> JSONValue {
        guard depth <= Self.maximumDepth else { throw .tooDeep }
        values += 1
        guard values <= Self.maximumValues else { throw .tooManyValues }
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return .object(try members(depth: depth))
        case UInt8(ascii: "["): return .array(try elements(depth: depth))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ text: String, _ value: JSONValue) throws(JSONRejection) -> JSONValue {
        guard bytes[position...].starts(with: text.utf8) else { throw malformed }
        position += text.utf8.count
        return value
    }

    private mutating func members(depth: Int) throws(JSONRejection) -> [String: JSONValue] {
        position += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if take("}") { return members }
        repeat {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw malformed }
            let name = try string()
            skipSpace()
            guard take(":") else { throw malformed }
            guard members.updateValue(try value(depth: depth + 1), forKey: name) == nil else {
                throw .duplicateMember
            }
            skipSpace()
        } while take(",")
        guard take("}") else { throw malformed }
        return members
    }

    private mutating func elements(depth: Int) throws(JSONRejection) -> [JSONValue] {
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return elements }
        repeat {
            elements.append(try value(depth: depth + 1))
            skipSpace()
        } while take(",")
        guard take("]") else { throw malformed }
        return elements
    }

    private mutating func number() throws(JSONRejection) -> String {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(JSONRejection) {
        guard current?.isDigit == true else { throw malformed }
        while current?.isDigit == true { position += 1 }
    }
}

extension JSONReader {
    /// Reads a string from its opening quote.
    ///
    /// Malformed UTF-8 and lone surrogates become U+FFFD: they occur in display text. Tokens, codes and URLs are
    /// checked to be plain ASCII later.
    private mutating func string() throws(JSONRejection) -> String {
        position += 1
        var text = WipedBytes()
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: String(try escaped()).utf8)
            case ..<0x20: throw malformed
            default: text.append(byte)
            }
        }
        throw malformed
    }

    private mutating func escaped() throws(JSONRejection) -> Unicode.Scalar {
        guard let byte = current else { throw malformed }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw malformed
        }
    }

    /// Reads a `\u` escape; a character outside the basic plane is a surrogate pair (RFC 8259 §7).
    private mutating func unicodeEscape() throws(JSONRejection) -> Unicode.Scalar {
        let first = try codeUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        let afterFirst = position
        if UTF16.isLeadSurrogate(first), take("\\"), take("u") {
            let second = try codeUnit()
            if UTF16.isTrailSurrogate(second) {
                let value = 0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(second & 0x3FF))
                return Unicode.Scalar(value) ?? "\u{FFFD}"
            }
        }
        position = afterFirst
        return "\u{FFFD}"
    }

    private mutating func codeUnit() throws(JSONRejection) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let digit = current?.hexValue else { throw malformed }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }
}
