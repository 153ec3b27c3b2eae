/// The media types that a client accepts, with their weights: the field Accept (RFC 9110 §12.5.1).
struct MediaTypePreference: Sendable {
    private struct Range: Sendable {
        /// Lower case, without parameters.
        let name: Substring
        let weight: Int
    }

    /// `nil` if the client accepts everything.
    private let ranges: [Range]?

    /// Reads the values of all Accept fields. If there are none or only empty ones, everything is acceptable.
    init(_ fields: [String]) {
        let ranges = fields.joined(separator: ",").lowercased().split(separator: ",").compactMap(Self.range)
        self.ranges = ranges.isEmpty && fields.allSatisfy(\.isEmpty) ? nil : ranges
    }

    /// Returns the weight of a media type, from 0 (not acceptable) to 1000. The most specific range decides.
    func weight(of mediaType: String) -> Int {
        guard let ranges else { return 1000 }
        let kind = mediaType.prefix { $0 != "/" }
        for name in [mediaType[...], "\(kind)/*", "*/*"] {
            if let weight = ranges.filter({ $0.name == name }).map(\.weight).max() { return weight }
        }
        return 0
    }

    /// Parses one range. Parameters other than the weight are ignored: no representation here has any.
    private static func range(_ text: Substring) -> Range? {
        let parts = text.split(separator: ";").map { $0.trimmingSpace() }
        guard let name = parts.first, !name.isEmpty else { return nil }
        let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { thousandths($0.dropFirst(2)) }
        return Range(name: name, weight: weight ?? 1000)
    }

    /// Parses a qvalue with at most three decimals (RFC 9110 §12.4.2); `nil` for anything else.
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
