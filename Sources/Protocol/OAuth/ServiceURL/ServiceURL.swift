internal import Formats

/// The place of a service that takes an account's tokens, in one normal form, so that equal places have equal texts.
///
/// A URL that two programs could take for different places is refused, not repaired: a token would be sent there.
public struct ServiceURL: Hashable, Sendable, CustomStringConvertible {
    /// `https://host/` or `https://host:port/a/b/`: the host in lower case, no default port, always a slash at the end.
    public let text: String

    /// Parses the URL of an account file. It has neither a query nor a fragment, since both are not compared.
    public init(parsing text: String) throws(URLRejection) {
        let url = try WebURL(text)
        guard !url.hasQuery else { throw .query }
        guard !url.hasFragment else { throw .fragment }
        try self.init(url)
    }

    /// Parses the URL of a request to a service. Its query and fragment do not say where the service is.
    public init(ofRequest text: String) throws(URLRejection) { try self.init(try WebURL(text)) }

    private init(_ url: WebURL) throws(URLRejection) {
        let host = try ServiceHost(url.host)
        guard url.scheme == .https || host.isLoopback else { throw .insecure(host: host.text) }
        var text = "\(url.scheme.rawValue)://\(host.text)"
        if let port = url.port, port != (url.scheme == .https ? 443 : 80) { text += ":\(port)" }
        for segment in try ServicePath.segments(of: url.path) { text += "/" + segment }
        self.text = text + "/"
    }

    public var description: String { text }

    /// The URL itself and each one above it, by whole path segments, down to the host's; the longest first.
    public var prefixes: some Sequence<Substring> {
        let afterScheme = text.utf8.firstIndex(of: UInt8(ascii: ":")).map { text.utf8.index($0, offsetBy: 3) }
        let least = afterScheme ?? text.startIndex
        return sequence(first: text[...]) { longer in
            let end = longer.dropLast().utf8.lastIndex(of: UInt8(ascii: "/"))
            return end.flatMap { $0 < least ? nil : longer[...$0] }
        }
    }
}

/// The path of a service's URL (RFC 3986 §3.3).
enum ServicePath {
    /// Returns the path's segments, without an empty one at the end, in the normal form of RFC 3986 §6.2.2.
    static func segments(of path: String) throws(URLRejection) -> [String] {
        var segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        if segments.last?.isEmpty == true { segments.removeLast() }
        var normal: [String] = []
        for segment in segments { normal.append(try self.segment(segment)) }
        return normal
    }

    /// Decodes what needs no encoding, and writes the rest in upper case.
    private static func segment(_ text: Substring) throws(URLRejection) -> String {
        guard !text.isEmpty else { throw .emptySegment }
        var (normal, decoded): ([UInt8], [UInt8]) = ([], [])
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                normal.append(byte)
                decoded.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else {
                throw .forbiddenCharacter
            }
            let value = high << 4 | low
            // Some servers decode these before they split the path, or decode twice.
            guard value > 0x1F, value != 0x7F, !"/\\%".utf8.contains(value) else { throw .encodedCharacter }
            decoded.append(value)
            if value.isLetterOrDigit || "-._~".utf8.contains(value) {
                normal.append(value)
            } else {
                normal += [byte, digits[Int(high)], digits[Int(low)]]
            }
        }
        // An overlong form of '/' or '.' is not UTF-8.
        guard let plain = String(validating: decoded, as: UTF8.self) else { throw .encodedCharacter }
        // Servlet containers drop what follows a ';' before they resolve dot segments.
        let name = plain.prefix { $0 != ";" }.filter { $0 != " " }
        guard name != ".", name != ".." else { throw .dotSegment }
        return String(decoding: normal, as: UTF8.self)
    }

    private static let digits = Array("0123456789ABCDEF".utf8)
}
