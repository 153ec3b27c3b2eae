/// A URI reference from a `Location` header or in place of a URL: absolute or relative (RFC 3986 §4.2).
struct URLReference {
    private let text: String

    /// Drops surrounding white space and the fragment, which is never sent.
    init(_ text: String) {
        let trimmed = text.drop { $0 == " " || $0 == "\t" }
        let end = trimmed.lastIndex { $0 != " " && $0 != "\t" }.map(trimmed.index(after:)) ?? trimmed.startIndex
        self.text = String(trimmed[..<end].prefix { $0 != "#" })
    }

    /// Resolves the reference against `base` (RFC 3986 §5.2); `nil` if the result is not an endpoint URL.
    func resolved(against base: EndpointURL) -> EndpointURL? {
        guard !text.isEmpty, let path = try? WebURL(base.text).path else { return nil }
        let target: String
        if hasScheme {
            target = text
        } else if text.hasPrefix("//") {
            target = base.origin.prefix { $0 != "/" } + text
        } else if text.hasPrefix("/") {
            target = base.origin + Self.withoutDots(text)
        } else if text.hasPrefix("?") {
            target = base.origin + path + text
        } else {
            target = base.origin + Self.withoutDots(path.prefix(through: path.lastIndex(of: "/")) + text)
        }
        return try? EndpointURL(parsing: target)
    }

    /// RFC 3986 §3.1.
    private var hasScheme: Bool {
        guard let colon = text.firstIndex(of: ":") else { return false }
        return !text[..<colon].contains { "/?".contains($0) }
    }

    /// Removes dot segments from the path before a query (RFC 3986 §5.2.4).
    private static func withoutDots(_ text: some StringProtocol) -> String {
        let path = text.prefix { $0 != "?" }
        var kept: [Substring] = []
        let segments = String(path).split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for segment in segments {
            switch segment {
            case ".": continue
            case "..": _ = kept.popLast()
            default: kept.append(Substring(segment))
            }
        }
        if let last = segments.last, last == "." || last == ".." { kept.append("") }
        return "/" + kept.joined(separator: "/") + text[path.endIndex...]
    }
}

extension String {
    fileprivate func prefix(through index: Index?) -> Substring { index.map { self[...$0] } ?? "/" }
}
