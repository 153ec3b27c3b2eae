internal import Formats

/// Where the browser is sent with the response (RFC 6749 §3.1.2): https, or http to this machine (RFC 8252 §7.3).
public struct RedirectURI: Hashable, Sendable, CustomStringConvertible {
    /// As it was given, byte for byte: the provider compares it with what is registered.
    public let text: String
    /// In lower case; an IPv6 address is in brackets.
    public let host: String
    /// `nil` if the text has none.
    public let port: Int?
    /// At least a slash.
    public let path: String
    /// Whether this machine can take the response: plain http to 127.0.0.1, ::1 or localhost.
    public let isLoopback: Bool
    private let origin: String
    /// Whether the port is one login's choice, and no part of what is registered.
    private var hasFreePort: Bool

    /// The one for clients that the agent registers. Without a port, each login takes a free one.
    public static let standard: RedirectURI = {
        guard let standard = try? RedirectURI(parsing: "http://127.0.0.1/callback") else {
            preconditionFailure("the standard redirect URI is malformed")
        }
        return standard
    }()

    private static let loopbackHosts: Set<String> = ["127.0.0.1", "[::1]", "localhost"]

    public init(parsing text: String) throws(Rejection) {
        if let flow = RefusedFlow(redirectURI: text) { throw .flow(flow) }
        // RFC 9700 §4.1.3: an exact comparison leaves no room for patterns.
        guard !text.utf8.contains(UInt8(ascii: "*")) else { throw .wildcard }
        let url: WebURL
        do throws(URLRejection) { url = try WebURL(text) } catch { throw .url(error) }
        guard !url.hasFragment else { throw .url(.fragment) }
        isLoopback = url.scheme == .http && Self.loopbackHosts.contains(url.host)
        guard url.scheme == .https || isLoopback else { throw .url(.insecure(host: url.host)) }
        guard !Self.hasDotSegment(url.path) else { throw .url(.dotSegment) }
        if let name = Self.queryNames(text).first(where: ResponseParameters.names.contains) {
            throw .reservedParameter(name)
        }
        self.text = text
        (host, port, origin) = (url.host, url.port, url.origin)
        path = url.path.isEmpty ? "/" : url.path
        hasFreePort = isLoopback && url.port == nil
    }

    /// A browser resolves these before it sends the request.
    private static func hasDotSegment(_ path: String) -> Bool {
        path.lowercased().split(separator: "/").contains { segment in
            [".", ".."].contains(segment.replacing("%2e", with: "."))
        }
    }

    private static func queryNames(_ text: String) -> [String] {
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else { return [] }
        return text[text.utf8.index(after: mark)...].utf8.split(separator: UInt8(ascii: "&")).compactMap { pair in
            FormEncoding.decode(pair.prefix { $0 != UInt8(ascii: "=") })
        }
    }

    public var description: String { text }

    /// Whether each login may choose its port (RFC 8252 §7.3).
    public var takesAnyPort: Bool { hasFreePort && port == nil }

    /// Returns the redirect URI of a login whose listener has this port. One that names its port keeps it.
    public func withPort(_ port: Int) -> RedirectURI {
        guard takesAnyPort, (1...65_535).contains(port) else { return self }
        let start = text.utf8.index(text.startIndex, offsetBy: "http://".utf8.count)
        let end = text.utf8.index(start, offsetBy: host.utf8.count)
        // Valid without the port, so valid with it; a text at the limit of length keeps its own.
        guard var chosen = try? RedirectURI(parsing: text[..<end] + ":\(port)" + text[end...]) else { return self }
        chosen.hasFreePort = true
        return chosen
    }

    public static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

    public func hash(into hasher: inout Hasher) { hasher.combine(Array(text.utf8)) }

    /// Whether both are the same place for a browser, which may drop a default port or add a slash. The port may differ
    /// if this one takes any (RFC 8252 §7.3): a forwarded one may have another here than there.
    public func isSame(as other: RedirectURI) -> Bool {
        guard path.utf8.elementsEqual(other.path.utf8), isLoopback == other.isLoopback else { return false }
        return hasFreePort ? host == other.host : origin == other.origin
    }
}

extension RedirectURI {
    /// The reason why a text is not a redirect URI.
    public enum Rejection: Error, Equatable, Sendable {
        case url(URLRejection)
        case flow(RefusedFlow)
        case wildcard
        /// Its own query has a parameter that responses have.
        case reservedParameter(String)
    }
}

extension RedirectURI.Rejection: CustomStringConvertible {
    /// The text for the user; follows the name of the refused thing.
    public var description: String {
        switch self {
        case .url(let rejection): rejection.description
        case .flow(let flow): "it is refused: \(flow.reason)"
        case .wildcard: "it contains '*', but redirect URIs are compared exactly"
        case .reservedParameter(let name): "its query has '\(name)', which the provider's response has too"
        }
    }

    /// What to do, for the user.
    public var hint: String {
        if case .flow(let flow) = self { return flow.instead }
        return
            "give the registered redirect URI exactly, such as '\(RedirectURI.standard)' for any port of this machine"
    }
}
