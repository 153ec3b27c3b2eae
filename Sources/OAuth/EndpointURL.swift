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

    public var description: String { text }

    var isSecure: Bool { origin.hasPrefix("https:") }
}
