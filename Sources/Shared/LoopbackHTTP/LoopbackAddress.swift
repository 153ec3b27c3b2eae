/// The port and path of an http URI at a loopback address, such as a redirect URI (RFC 8252 §7.3).
public struct LoopbackAddress: Equatable, Sendable {
    public let port: UInt16
    /// With its slash, without a query.
    public let path: String
    /// The addresses to which a browser may go: for a name, both.
    public let families: Set<LoopbackPlace.Family>

    private static let hosts: [(name: String, families: Set<LoopbackPlace.Family>)] = [
        ("127.0.0.1", [.ipv4]), ("[::1]", [.ipv6]), ("localhost", [.ipv4, .ipv6]),
    ]

    /// `nil` for other URIs, and one with a fragment. A query is left out: only the path decides who gets a request.
    public init?(parsing uri: String) {
        let scheme = "http://"
        guard uri.prefix(scheme.count).lowercased() == scheme, !uri.contains("#"),
            uri.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        let rest = uri.dropFirst(scheme.count).prefix { $0 != "?" }
        // RFC 3986 §6.2.2.1: the case of a host means nothing.
        let authority = rest.prefix { $0 != "/" }.lowercased()
        path = authority.count == rest.count ? "/" : String(rest.dropFirst(authority.count))
        guard let host = Self.hosts.first(where: { authority.hasPrefix($0.name) }) else { return nil }
        families = host.families
        let end = authority.dropFirst(host.name.count)
        guard !end.isEmpty else {
            port = 80
            return
        }
        let digits = end.dropFirst()
        guard end.first == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits),
            port > 0
        else { return nil }
        self.port = port
    }
}
