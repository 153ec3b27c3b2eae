internal import Formats

/// The host of a service's URL: a name, an IPv4 address, or an IPv6 address in brackets, each in one form only.
struct ServiceHost {
    let text: String

    /// `host` is in lower case, as `WebURL` has it.
    init(_ host: String) throws(URLRejection) {
        if host.first == "[" {
            guard let address = IPv6Address(host.dropFirst().dropLast()) else { throw .invalidHost }
            text = "[\(address)]"
            return
        }
        // RFC 1035 §2.3.4. Names of containers and of Windows have underscores.
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            host.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
            }
        // Resolvers read a last label like 127, 0177 or 0x7f as a part of an IPv4 address (WHATWG URL §3.5).
        let isNumeric = labels.last.map { $0.utf8.allSatisfy(\.isDigit) || $0.hasPrefix("0x") } ?? true
        guard isName, !isNumeric || Self.isIPv4(labels) else { throw .invalidHost }
        text = host
    }

    /// The addresses of this machine. The name is the only one that resolvers do not send to the network (RFC 6761
    /// §6.3); the programs that use the token resolve it, not the agent.
    var isLoopback: Bool {
        if text == "localhost" || text == "[::1]" { return true }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return Self.isIPv4(labels) && labels.first == "127"
    }

    /// Whether these are four numbers up to 255 without leading zeros.
    private static func isIPv4(_ labels: [Substring]) -> Bool {
        labels.count == 4
            && labels.allSatisfy { label in
                label.utf8.allSatisfy(\.isDigit) && (label == "0" || label.first != "0") && UInt8(label) != nil
            }
    }
}
