/// What a client takes, and which it likes best: the field Accept (RFC 9110 §12.5.1).
struct MediaTypePreference: Sendable {
    private struct Range: Sendable {
        /// Lower case, without parameters.
        let name: Substring
        let weight: Int
    }

    /// Nil when everything is welcome.
    private let ranges: [Range]?

    /// The values of all the fields; none, or only empty ones, and everything is welcome.
    init(_ fields: [String]) {
        let ranges = fields.joined(separator: ",").lowercased().split(separator: ",").compactMap(Self.range)
        self.ranges = ranges.isEmpty && fields.allSatisfy(\.isEmpty) ? nil : ranges
    }

    /// From 0, which is a refusal, to 1000. The range that says most about the type decides, not the kindest one.
    func weight(of mediaType: String) -> Int {
        guard let ranges else { return 1000 }
        let kind = mediaType.prefix { $0 != "/" }
        for name in [mediaType[...], "\(kind)/*", "*/*"] {
            if let weight = ranges.filter({ $0.name == name }).map(\.weight).max() { return weight }
        }
        return 0
    }

    /// Parameters other than the weight are for representations that nothing here has.
    private static func range(_ text: Substring) -> Range? {
        let parts = text.split(separator: ";").map { $0.trimmingSpace() }
        guard let name = parts.first, !name.isEmpty else { return nil }
        let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { thousandths($0.dropFirst(2)) }
        return Range(name: name, weight: weight ?? 1000)
    }

    /// RFC 9110 §12.4.2: at most three digits behind the point. Nil for anything else.
    private static func thousandths(_ text: Substring) -> Int? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let digits = parts.count == 2 ? parts[1] : ""
        guard parts[0] == "0" || parts[0] == "1", digits.utf8.count <= 3, digits.allSatisfy(\.isASCIIDigit),
            let fraction = Int((digits + "000").prefix(3))
        else { return nil }
        return parts[0] == "1" ? 1000 : fraction
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
