/// A JSON document in which single members are set and removed; every other byte stays as it is.
package struct JSONText {
    package let bytes: [UInt8]
    private let root: JSONNode

    /// Reads a document whose value is an object.
    package init(_ bytes: [UInt8]) throws(ConfigurationProblem) {
        self.bytes = bytes
        root = try JSONParser.read(bytes)
        guard case .object = root.kind else { throw .malformed(line: 1) }
    }

    /// Returns the string at this path of names; `nil` if there is none.
    package func string(_ path: [String]) -> String? {
        guard case .string(let text)? = node(path)?.kind else { return nil }
        return text
    }

    /// Whether there is any value at this path.
    package func has(_ path: [String]) -> Bool { node(path) != nil }

    /// The names of the members of the object at this path.
    package func names(_ path: [String]) -> [String] {
        guard case .object(let members)? = node(path)?.kind else { return [] }
        return members.map(\.name)
    }

    private func node(_ path: [String]) -> JSONNode? {
        path.reduce(root as JSONNode?) { node, name in
            guard case .object(let members)? = node?.kind else { return nil }
            return members.first { $0.name == name }?.value
        }
    }

    /// Returns the document with this string, creating the objects on the way as the last members of theirs.
    package func setting(_ path: [String], to text: String) throws(ConfigurationProblem) -> [UInt8] {
        if let present = node(path) {
            return bytes.replacing(present.range, with: Self.quoted(text))
        }
        var depth = path.count - 1
        while depth > 0, node(Array(path[..<depth])) == nil { depth -= 1 }
        guard let parent = node(Array(path[..<depth])), case .object(let members) = parent.kind else {
            throw .taken(setting: path[..<depth].joined(separator: "."))
        }
        let layout = Layout(bytes, root)
        let member = layout.member(path[depth...], text, level: depth + 1)
        guard let last = members.last else {
            let inner = layout.lineEnd(depth + 1) + member + layout.lineEnd(depth)
            return bytes.replacing((parent.range.lowerBound + 1)..<(parent.range.upperBound - 1), with: inner)
        }
        // The blanks before the member that was the last one are those of the new one, too.
        let blanks = Array(bytes[..<last.start].reversed().prefix { JSONParser.isSpace($0) }.reversed())
        let end = last.value.range.upperBound
        return bytes.replacing(end..<end, with: [UInt8(ascii: ",")] + blanks + member)
    }

    /// Returns the document without the member at this path, and without objects that are empty then.
    package func removing(_ path: [String]) -> [UInt8] {
        guard let name = path.last, case .object(let members)? = node(Array(path.dropLast()))?.kind,
            let index = members.firstIndex(where: { $0.name == name })
        else { return bytes }
        if members.count == 1, path.count > 1 { return removing(Array(path.dropLast())) }
        let member = members[index]
        var range = member.start..<member.value.range.upperBound
        if index > 0 {
            range = members[index - 1].value.range.upperBound..<range.upperBound
        } else if members.count > 1 {
            range = range.lowerBound..<members[1].start
        } else {
            range = (root.range.lowerBound + 1)..<(root.range.upperBound - 1)
        }
        return bytes.replacing(range, with: [])
    }

    /// Whether the document has no member.
    package var isEmpty: Bool { names([]).isEmpty }

    /// A new document with this string.
    package static func new(_ path: [String], _ text: String) -> [UInt8] {
        let layout = Layout()
        let member = layout.lineEnd(1) + layout.member(path[...], text, level: 1) + layout.lineEnd(0)
        return Array("{".utf8) + member + Array("}\n".utf8)
    }

    package static func quoted(_ text: String) -> [UInt8] {
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): result += [UInt8(ascii: "\\"), byte]
            case ..<0x20: result += Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: result.append(byte)
            }
        }
        return result + [UInt8(ascii: "\"")]
    }

    /// How a document is indented: with the blanks before its first member.
    private struct Layout {
        /// `nil`: all on one line.
        private var unit: [UInt8]? = [UInt8(ascii: "\t")]

        init() {}

        init(_ bytes: [UInt8], _ root: JSONNode) {
            guard case .object(let members) = root.kind, let first = members.first else { return }
            let blanks = Array(bytes[(root.range.lowerBound + 1)..<first.start])
            let line = blanks.lastIndex(of: lineFeed)
            unit = line.map { Array(blanks[($0 + 1)...]) }
        }

        func lineEnd(_ level: Int) -> [UInt8] {
            guard let unit else { return [] }
            return [lineFeed] + Array(repeating: unit, count: level).flatMap { $0 }
        }

        func member(_ path: ArraySlice<String>, _ text: String, level: Int) -> [UInt8] {
            guard let name = path.first else { return JSONText.quoted(text) }
            let colon = Array((unit == nil ? ":" : ": ").utf8)
            guard path.count > 1 else { return JSONText.quoted(name) + colon + JSONText.quoted(text) }
            let inner = lineEnd(level + 1) + member(path.dropFirst(), text, level: level + 1) + lineEnd(level)
            return JSONText.quoted(name) + colon + Array("{".utf8) + inner + Array("}".utf8)
        }
    }
}
