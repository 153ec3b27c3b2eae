/// The sections and keys of an INI or TOML file, as far as a setting must know them to be added at the right place.
///
/// Values are not parsed: the program that owns the file does that.
package struct SettingOutline: Sendable {
    package enum Format: Sendable {
        /// As ConfigParser of Python reads it: a value goes on in indented lines.
        case ini
        case toml
    }

    /// A section: the keys before the first header are in the one without a name.
    package struct Section: Sendable {
        package let name: String
        /// The offset after the line of its header.
        package let start: Int
        package fileprivate(set) var keys: [String] = []
    }

    package private(set) var sections = [Section(name: "", start: 0)]

    package init(_ text: [UInt8], _ format: Format) throws(ConfigurationProblem) {
        var state = ValueState()
        for line in TextLine.all(in: text) {
            let isContinued = state.isOpen
            if format == .toml, isContinued {
                state.read(line.content)
                continue
            }
            let content = line.content.drop(while: isBlank)
            guard let first = content.first, first != UInt8(ascii: "#"), format == .toml || first != UInt8(ascii: ";")
            else { continue }
            if format == .ini, line.content.first.map(isBlank) == true, sections.last?.keys.isEmpty == false {
                continue
            }
            if first == UInt8(ascii: "[") {
                guard let name = Self.header(content, format) else { throw .malformed(line: line.number) }
                sections.append(Section(name: name, start: line.range.upperBound))
                continue
            }
            let separators = format == .toml ? [UInt8(ascii: "=")] : [UInt8(ascii: "="), UInt8(ascii: ":")]
            guard let end = Self.endOfKey(content, separators) else { throw .malformed(line: line.number) }
            sections[sections.count - 1].keys.append(Self.plain(content[..<end], format))
            if format == .toml { state.read(content[(end + 1)...]) }
        }
        guard !state.isOpen else { throw .malformed(line: TextLine.all(in: text).count) }
    }

    package func section(_ name: String) -> Section? { sections.first { $0.name == name } }

    /// Whether the text sets the key, in its section or with a dotted name before it (TOML).
    package func has(_ key: String, in section: String) -> Bool {
        let whole = section.isEmpty ? key : "\(section).\(key)"
        return sections.contains { one in
            one.keys.contains { one.name.isEmpty ? $0 == whole : "\(one.name).\($0)" == whole }
        }
    }

    private static func header(_ line: ArraySlice<UInt8>, _ format: Format) -> String? {
        // TOML's array of tables has two brackets; what it is called is all that matters here.
        let isArray = format == .toml && line.dropFirst().first == UInt8(ascii: "[")
        let body = line.dropFirst(isArray ? 2 : 1)
        guard let end = endOfKey(body, [UInt8(ascii: "]")]) else { return nil }
        return plain(body[..<end], format)
    }

    /// Returns the offset of the first separator outside of quotation marks.
    private static func endOfKey(_ line: ArraySlice<UInt8>, _ separators: [UInt8]) -> Int? {
        var quote: UInt8?
        for (index, byte) in zip(line.indices, line) {
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if separators.contains(byte) {
                return index
            }
        }
        return nil
    }

    /// A name as it is compared: without blanks around it, and in TOML without quotation marks.
    private static func plain(_ name: ArraySlice<UInt8>, _ format: Format) -> String {
        let trimmed = name.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        guard format == .toml else { return String(decoding: Array(trimmed), as: UTF8.self) }
        let bare = trimmed.filter { !isBlank($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "'") }
        return String(decoding: bare, as: UTF8.self)
    }
}

func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

/// Whether a TOML value goes on in the next line: inside of brackets or of a string of several lines.
private struct ValueState {
    private var depth = 0
    /// The quotation mark of an open string of several lines.
    private var quote: UInt8?

    var isOpen: Bool { depth > 0 || quote != nil }

    mutating func read(_ line: ArraySlice<UInt8>) {
        var rest = line
        while let byte = rest.first {
            if let open = quote {
                if byte == UInt8(ascii: "\\"), open == UInt8(ascii: "\"") {
                    rest = rest.dropFirst(2)
                } else if rest.starts(with: [open, open, open]) {
                    rest = rest.dropFirst(3)
                    quote = nil
                } else {
                    rest = rest.dropFirst()
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "#"): return
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                if rest.starts(with: [byte, byte, byte]) {
                    quote = byte
                    rest = rest.dropFirst(3)
                } else {
                    rest = Self.afterString(rest)
                }
                continue
            default: break
            }
            rest = rest.dropFirst()
        }
    }

    /// Skips a string of one line.
    private static func afterString(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let mark = line.first else { return line }
        var rest = line.dropFirst()
        while let byte = rest.popFirst(), byte != mark {
            if byte == UInt8(ascii: "\\"), mark == UInt8(ascii: "\"") { rest = rest.dropFirst() }
        }
        return rest
    }
}
