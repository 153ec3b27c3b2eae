/// An issuer identifier, kept byte for byte (RFC 8414 §2): https, without query or fragment.
public struct Issuer: Hashable, Sendable, CustomStringConvertible {
    public let text: String
    package let origin: String
    /// As in `EndpointURL`.
    public let host: String
    private let path: String

    public init(parsing text: String) throws(URLRejection) {
        let url = try WebURL(text)
        guard url.scheme == .https || url.isLoopback else { throw .insecure(host: url.host) }
        guard !url.hasFragment else { throw .fragment }
        guard !url.hasQuery else { throw .query }
        self.text = text
        origin = url.origin
        host = url.host
        // RFC 8414 §3.1, OpenID Connect Discovery §4.1: remove a final slash before the well-known part is added.
        path = url.path.utf8.last == UInt8(ascii: "/") ? String(url.path.dropLast()) : url.path
    }

    public var description: String { text }

    /// The possible metadata URLs, in the order to try.
    ///
    /// OpenID Connect appends the well-known part to the path, RFC 8414 inserts it before; §5 keeps the OpenID name for
    /// the inserted form as well.
    public var metadataURLs: [EndpointURL] {
        var places = [
            "\(origin)\(path)/.well-known/openid-configuration",
            "\(origin)/.well-known/oauth-authorization-server\(path)",
        ]
        if !path.isEmpty { places.append("\(origin)/.well-known/openid-configuration\(path)") }
        // A URL that does not parse is too long with the well-known part.
        return places.compactMap { try? EndpointURL(parsing: $0) }
    }

    var isSecure: Bool { origin.hasPrefix("https:") }

    /// Compares byte for byte (RFC 8414 §3.3). `==` on strings would also accept equivalent Unicode.
    func matches(_ found: String) -> Bool { text.utf8.elementsEqual(found.utf8) }
}
