/// A pattern for a whole name: `*` matches any number of characters, everything else itself.
public struct Glob: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    private let parts: [[UInt8]]

    public init(_ pattern: String) {
        description = pattern
        parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
    }

    /// Whether every name matches.
    public var isEverything: Bool { parts.count > 1 && parts.allSatisfy(\.isEmpty) }

    /// Takes the first position for each part, which suffices because stars match the rest: the cost is at most the
    /// pattern's length times the name's.
    public func matches(_ name: String) -> Bool {
        guard parts.count > 1, let first = parts.first, let last = parts.last else {
            return name.utf8.elementsEqual(description.utf8)
        }
        var rest = Array(name.utf8)[...]
        guard rest.count >= first.count + last.count, rest.starts(with: first) else { return false }
        rest = rest.dropFirst(first.count)
        guard rest.suffix(last.count).elementsEqual(last) else { return false }
        rest = rest.dropLast(last.count)
        for part in parts[1..<(parts.count - 1)] where !part.isEmpty {
            guard let start = Self.first(part, in: rest) else { return false }
            rest = rest[(start + part.count)...]
        }
        return true
    }

    private static func first(_ part: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
        guard text.count >= part.count else { return nil }
        return (text.startIndex...(text.endIndex - part.count)).first { text[$0...].starts(with: part) }
    }
}
