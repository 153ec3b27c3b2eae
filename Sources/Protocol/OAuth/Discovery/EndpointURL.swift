/// An address that requests may be sent to: https, or http to this machine; no user information, no fragment.
public struct EndpointURL: Hashable, Sendable, CustomStringConvertible {
    /// Byte for byte as it was given.
    public let text: String
    /// `https://host` or `https://host:port`, in lower case.
    public let origin: String
    /// In lower case; an IPv6 address is in brackets.
    public let host: String

    public init(parsing text: String) throws(URLRejection) {
        let url = try WebURL(text)
        guard url.scheme == .https || url.isLoopback else { throw .insecure(host: url.host) }
        guard !url.hasFragment else { throw .fragment }
        self.text = text
        origin = url.origin
        host = url.host
    }

    /// An address that an issuer names: one with https must not lead to a service of this machine, which trusts nobody
    /// from outside and is known to nobody there.
    init(parsing text: String, namedBy issuer: Issuer) throws(URLRejection) {
        try self.init(parsing: text)
        guard isSecure || !issuer.isSecure else { throw .downgrade(host: try WebURL(text).host) }
    }

    public var description: String { text }

    var isSecure: Bool { origin.hasPrefix("https:") }
}
