internal import Formats

/// An IPv6 address, written as RFC 5952 demands.
struct IPv6Address: CustomStringConvertible {
    private var groups: [UInt16] = []

    /// Parses the text of RFC 4291 §2.2; `nil` for anything else, also for a zone.
    init?(_ text: Substring) {
        let halves = Self.halves(text.split(separator: ":", omittingEmptySubsequences: false).map(String.init))
        guard let halves, let head = Self.groups(halves.head, isEnd: halves.tail == nil) else { return nil }
        guard let tail = halves.tail else {
            guard head.count == 8 else { return nil }
            groups = head
            return
        }
        guard let end = Self.groups(tail, isEnd: true), head.count + end.count < 8 else { return nil }
        groups = head + Array(repeating: 0, count: 8 - head.count - end.count) + end
    }

    /// Splits at `::`; `tail` is `nil` without one, and the result if there are two.
    private static func halves(_ parts: [String]) -> (head: [String], tail: [String]?)? {
        var (parts, opensGap, closesGap) = (parts, false, false)
        if parts.count >= 3, parts[0].isEmpty, parts[1].isEmpty { (opensGap, parts) = (true, Array(parts.dropFirst())) }
        if parts.count >= 2, parts[parts.count - 1].isEmpty, parts[parts.count - 2].isEmpty {
            closesGap = true
            parts.removeLast()
        }
        let gaps = parts.indices.filter { parts[$0].isEmpty }
        guard gaps.count <= 1 else { return nil }
        guard let gap = gaps.first else { return (parts, nil) }
        // An empty part at either end is a gap only with a second colon.
        guard gap != 0 || opensGap, gap != parts.count - 1 || closesGap else { return nil }
        return (Array(parts[..<gap]), Array(parts[(gap + 1)...]))
    }

    private static func groups(_ parts: [String], isEnd: Bool) -> [UInt16]? {
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if isEnd, index == parts.count - 1, part.contains(".") {
                guard let address = ipv4(part) else { return nil }
                groups += address
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(\.isHexDigit),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups.count <= 8 ? groups : nil
    }

    private static func ipv4(_ text: String) -> [UInt16]? {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = labels.compactMap { label in
            label.utf8.allSatisfy(\.isDigit) && (label == "0" || label.first != "0") ? UInt8(label) : nil
        }
        guard labels.count == 4, bytes.count == 4 else { return nil }
        return [UInt16(bytes[0]) << 8 | UInt16(bytes[1]), UInt16(bytes[2]) << 8 | UInt16(bytes[3])]
    }

    var description: String {
        // RFC 5952 §4.2: the longest run of zeros, the first of equal ones, and not a single one.
        var gap = 0..<0
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start > max(1, gap.count) { gap = start..<end }
            start = max(end, start + 1)
        }
        func words(_ groups: ArraySlice<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !gap.isEmpty else { return words(groups[...]) }
        return words(groups[..<gap.lowerBound]) + "::" + words(groups[gap.upperBound...])
    }
}
