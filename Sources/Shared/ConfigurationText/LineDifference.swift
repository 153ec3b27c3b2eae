/// The lines that a change removes and adds, in the form of `diff -U0`.
///
/// Without lines around them, which may hold secrets of other programs; for the same reason a line that is only partly
/// changed is shown without the parts that stay.
package struct LineDifference {
    private let old: [Substring]
    private let new: [Substring]

    package init(_ old: [UInt8]?, _ new: [UInt8]?) {
        (self.old, self.new) = (Self.lines(old ?? []), Self.lines(new ?? []))
    }

    private static func lines(_ text: [UInt8]) -> [Substring] {
        // As bytes: for a String a line feed after a carriage return is not a character of its own.
        var lines = text.split(separator: lineFeed, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self)[...] }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// The lines of the difference; empty without one.
    package var text: [String] {
        let hunks = isLarge ? [rest] : hunks
        return hunks.flatMap { hunk in
            let removed = old[hunk.old]
            let added = new[hunk.new]
            let head = "@@ -\(Self.range(hunk.old)) +\(Self.range(hunk.new)) @@"
            guard !removed.isEmpty, !added.isEmpty else {
                return [head] + removed.map { "-\($0)" } + added.map { "+\($0)" }
            }
            let pairs = zip(removed, added).map(Self.differing)
            let (before, after) = (pairs.map(\.0), pairs.map(\.1))
            return [head]
                + (before + removed.dropFirst(pairs.count)).map { "-\(Self.guarded($0))" }
                + (after + added.dropFirst(pairs.count)).map { "+\(Self.guarded($0))" }
        }
    }

    /// The most lines of a part that is compared line by line, which takes time with the square of it.
    private static let mostLines = 4000

    private var isLarge: Bool { rest.old.count + rest.new.count > Self.mostLines }

    /// What is between the lines that both have at their start and at their end.
    private var rest: Hunk {
        let start = zip(old, new).prefix { $0 == $1 }.count
        let most = min(old.count, new.count) - start
        let end = zip(old.reversed(), new.reversed()).prefix { $0 == $1 }.prefix(most).count
        return Hunk(old: start..<(old.count - end), new: start..<(new.count - end))
    }

    private struct Hunk {
        var old: Range<Int>
        var new: Range<Int>
    }

    private var hunks: [Hunk] {
        let difference = new.difference(from: old)
        let removed = Set(difference.removals.map(Self.offset))
        let added = Set(difference.insertions.map(Self.offset))
        var hunks: [Hunk] = []
        var (from, to) = (0, 0)
        while from < old.count || to < new.count {
            var hunk = Hunk(old: from..<from, new: to..<to)
            while removed.contains(hunk.old.upperBound) { hunk.old = from..<(hunk.old.upperBound + 1) }
            while added.contains(hunk.new.upperBound) { hunk.new = to..<(hunk.new.upperBound + 1) }
            if !hunk.old.isEmpty || !hunk.new.isEmpty { hunks.append(hunk) }
            (from, to) = (hunk.old.upperBound + 1, hunk.new.upperBound + 1)
        }
        return hunks
    }

    private static func offset(_ change: CollectionDifference<Substring>.Change) -> Int {
        switch change {
        case .insert(let offset, _, _), .remove(let offset, _, _): offset
        }
    }

    /// As diff(1) writes it: the line before an empty range.
    private static func range(_ range: Range<Int>) -> String {
        range.isEmpty ? "\(range.lowerBound),0" : "\(range.lowerBound + 1)" + (range.count > 1 ? ",\(range.count)" : "")
    }

    /// Two lines without what they have in common at both ends, except the indentation.
    private static func differing(_ old: Substring, _ new: Substring) -> (Substring, Substring) {
        let start = zip(old, new).prefix { $0 == $1 }.count
        let most = min(old.count, new.count) - start
        let end = zip(old.reversed(), new.reversed()).prefix { $0 == $1 }.prefix(most).count
        return (shortened(old, start, end), shortened(new, start, end))
    }

    private static func shortened(_ line: Substring, _ start: Int, _ end: Int) -> Substring {
        let blanks = line.prefix { $0 == " " || $0 == "\t" }
        let head = start > blanks.count ? "\(blanks)…" : "\(line.prefix(start))"
        return "\(head)\(line.dropFirst(start).dropLast(end))\(end > 0 ? "…" : "")"[...]
    }

    private static let secretWords = ["token", "secret", "passw", "key", "auth"]

    /// A setting without its value, if it has the name of a secret and the value is neither a path nor a variable.
    private static func guarded(_ line: Substring) -> Substring {
        guard !line.drop(while: { $0 == " " }).hasPrefix("#"),
            let end = line.firstIndex(where: { $0 == ":" || $0 == "=" })
        else { return line }
        let name = line[..<end].lowercased()
        let value = line[line.index(after: end)...].drop { $0 == " " || $0 == "\"" || $0 == "[" }
        guard secretWords.contains(where: name.contains), let first = value.first, !"/$…".contains(first) else {
            return line
        }
        return "\(line[...end]) …"
    }
}
