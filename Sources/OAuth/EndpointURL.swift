/// An address that requests may be sent to: https, or http to this machine; no user information, no fragment.
public struct EndpointURL: Hashable, Sendable, CustomStringConvertible {
    /// Byte for byte as it was given.
    public let text: String
    /// `https://host` or `https://host:port`, in lower case.
    public let origin: String

    public init(parsing text: String) throws(URLRejection) {
        let url = try WebURL(text)
        guard url.scheme == .https || url.isLoopback else { throw .insecure(host: url.host) }
        guard !url.hasFragment else { throw .fragment }
        self.text = text
        origin = url.origin
    }

    public var description: String { text }

    var isSecure: Bool { origin.hasPrefix("https:") }
}
