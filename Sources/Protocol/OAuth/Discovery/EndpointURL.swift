/// A URL that requests may be sent to: https, or http to a loopback host; without user information or fragment.
public struct EndpointURL: Hashable, Sendable, CustomStringConvertible {
    /// As it was given, byte for byte.
    public let text: String
    /// `https://host` or `https://host:port`, in lower case.
    public let origin: String
    /// In lower case; an IPv6 address is in brackets.
    public let host: String
    public let hasQuery: Bool

    public init(parsing text: String) throws(URLRejection) {
        let url = try WebURL(text)
        guard url.scheme == .https || url.isLoopback else { throw .insecure(host: url.host) }
        guard !url.hasFragment else { throw .fragment }
        self.text = text
        origin = url.origin
        host = url.host
        hasQuery = url.hasQuery
    }

    /// Accepts a URL from an issuer's metadata. An https issuer must not direct requests to a service on this machine,
    /// which may trust local clients.
    init(parsing text: String, namedBy issuer: Issuer) throws(URLRejection) {
        try self.init(parsing: text)
        guard isSecure || !issuer.isSecure else { throw .downgrade(host: try WebURL(text).host) }
    }

    public var description: String { text }

    var isSecure: Bool { origin.hasPrefix("https:") }
}
