/// A URL of an account's `urls`, in parts.
struct MappedURL: Equatable {
    /// As it is in the map.
    let text: String
    let scheme: String
    /// In lower case, with a port that is not the scheme's own.
    let host: String
    /// From the first slash on; `/` if there is none.
    let path: String

    /// `nil` for a URL that no configuration file should get: the map refuses those as well.
    init?(_ text: String) {
        guard let colon = text.firstRange(of: "://"), text.utf8.allSatisfy(Self.isPlain) else { return nil }
        scheme = text[..<colon.lowerBound].lowercased()
        let rest = text[colon.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var host = rest[..<slash].lowercased()
        for suffix in scheme == "https" ? [":443", ":"] : [":80", ":"] where host.hasSuffix(suffix) {
            host.removeLast(suffix.count)
        }
        guard ["https", "http"].contains(scheme), !host.isEmpty, !host.contains("@") else { return nil }
        self.host = host
        path = slash == rest.endIndex ? "/" : String(rest[slash...])
        self.text = "\(scheme)://\(host)\(path)"
    }

    /// Whether both are the same place of the map: a slash at the end does not count there.
    func isSame(as other: MappedURL) -> Bool { key == other.key }

    /// Its text without a slash at the end.
    private var key: Substring { text.hasSuffix("/") ? text.dropLast() : text[...] }

    var hasPath: Bool { path != "/" }

    /// Letters, digits and marks without a meaning in any of the formats.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~:/@%+,[]".utf8.contains(byte)
        }
    }
}
