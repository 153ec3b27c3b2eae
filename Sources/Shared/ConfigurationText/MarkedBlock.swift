/// Lines of this program in another program's configuration file, between two comment lines.
///
/// The first marker has a checksum, so that a line that the user has changed or added is never removed with the block.
package struct MarkedBlock: Equatable, Sendable {
    /// What the block is for, such as `git work`: one line of printable ASCII.
    package let name: String
    /// The lines, each with its line feed.
    private let body: [UInt8]

    /// Where a new block is inserted; one that is there keeps its place.
    package enum Place: Equatable, Sendable {
        case start
        case end
        /// At this offset, which is the start of a line or the end of the text.
        case offset(Int)
    }

    package init(_ name: String, _ lines: [String]) {
        self.name = name
        body = lines.flatMap { Array($0.utf8) + [lineFeed] }
    }

    /// Returns the text with the block; `nil` as text is a file that is not there.
    package func written(to text: [UInt8]?, at place: Place = .end) throws(ConfigurationProblem) -> [UInt8] {
        let old = text ?? []
        if let found = try Self.all(in: old).first(where: { $0.name == name }) {
            try found.requireUnchanged(in: old)
            var lines = rendered(isFirst: found.isFirst)
            if found.isOpenEnded { lines.removeLast() }
            return old.replacing(found.range, with: lines)
        }
        var lines = rendered(isFirst: text == nil)
        let offset =
            switch place {
            case .start: 0
            case .end: old.count
            case .offset(let offset): offset
            }
        // A text without a line feed at its end is given none: it comes back as it was.
        if offset == old.count, let last = old.last, last != lineFeed { lines = [lineFeed] + lines.dropLast() }
        return old.replacing(offset..<offset, with: lines)
    }

    /// Returns the text without the blocks that `isWanted` names; `nil` if the file was created for them.
    package static func removed(
        from text: [UInt8], where isWanted: (_ name: String) -> Bool
    ) throws(ConfigurationProblem) -> [UInt8]? {
        var rest = text
        var isCreated = false
        for found in try all(in: text).reversed() where isWanted(found.name) {
            try found.requireUnchanged(in: text)
            var start = found.range.lowerBound
            if found.isOpenEnded, start > 0 { start -= 1 }
            rest.removeSubrange(start..<found.range.upperBound)
            isCreated = isCreated || found.isFirst
        }
        guard isCreated else { return rest }
        if rest.isEmpty { return nil }
        // The block that is left last takes the file with it.
        if let left = try all(in: rest).first, !left.isFirst {
            let end = left.body.lowerBound - 1
            return rest.replacing(end..<end, with: Array(" \(first)".utf8))
        }
        return rest
    }

    /// The names of the blocks in a text.
    package static func names(in text: [UInt8]) throws(ConfigurationProblem) -> [String] {
        try all(in: text).map(\.name)
    }

    private func rendered(isFirst: Bool) -> [UInt8] {
        let mark = "\(Self.begin)\(name) \(Self.checksum(body[...]))\(isFirst ? " \(Self.first)" : "")"
        return Array(mark.utf8) + [lineFeed] + body + Array("\(Self.end)\(name)\n".utf8)
    }

    private static let begin = "# authagent begin "
    private static let end = "# authagent end "
    /// The word that marks a file which did not exist before.
    private static let first = "new"

    /// FNV-1a, 32 bits: it shows changes made by hand, and is not a protection.
    fileprivate static func checksum(_ bytes: ArraySlice<UInt8>) -> String {
        let sum = bytes.reduce(0x811C_9DC5 as UInt32) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
        let digits = String(sum, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}

extension MarkedBlock {
    /// A block in a text.
    fileprivate struct Found {
        var name: String
        var checksum: String
        var isFirst: Bool
        /// Of the first marker, from 1.
        var line: Int
        /// With both markers and the line feed of the second.
        var range: Range<Int>
        var body: Range<Int>
        /// Whether the second marker is the end of the text, without a line feed.
        var isOpenEnded: Bool

        func requireUnchanged(in text: [UInt8]) throws(ConfigurationProblem) {
            guard MarkedBlock.checksum(text[body]) == checksum else { throw .changed(block: name, line: line) }
        }
    }

    private static func all(in text: [UInt8]) throws(ConfigurationProblem) -> [Found] {
        var result: [Found] = []
        var open: Found?
        for line in TextLine.all(in: text) {
            if line.content.starts(with: begin.utf8) {
                guard open == nil, var found = Found(line) else { throw .marker(line: line.number) }
                found.body = line.range.upperBound..<line.range.upperBound
                open = found
            } else if line.content.starts(with: end.utf8) {
                let name = String(decoding: line.content.dropFirst(end.utf8.count), as: UTF8.self)
                guard var found = open, found.name == name, !result.contains(where: { $0.name == name }) else {
                    throw .marker(line: line.number)
                }
                found.body = found.body.lowerBound..<line.range.lowerBound
                found.range = found.range.lowerBound..<line.range.upperBound
                found.isOpenEnded = line.content.endIndex == line.range.upperBound
                result.append(found)
                open = nil
            }
        }
        if let open { throw .marker(line: open.line) }
        return result
    }
}

extension MarkedBlock.Found {
    /// Parses a first marker; `nil` if it is not complete.
    fileprivate init?(_ line: TextLine) {
        var words = String(decoding: line.content, as: UTF8.self).split(separator: " ").dropFirst(3)
        isFirst = words.last == "new"
        if isFirst { words.removeLast() }
        guard words.count > 1, let sum = words.popLast() else { return nil }
        name = words.joined(separator: " ")
        checksum = String(sum)
        self.line = line.number
        range = line.range
        body = line.range
        isOpenEnded = false
    }
}
