internal import Formats

/// The parts of an absolute http or https URL.
///
/// Malformed URLs are refused, not repaired: two lenient readers may see two different hosts in one URL (RFC 3986).
/// User information is refused everywhere, because it disguises the host.
package struct WebURL: Sendable {
    package enum Scheme: String, Sendable { case http, https }

    /// The length that common servers and proxies accept; RFC 9110 §4.1 recommends 8000, no endpoint comes near.
    package static let maximumLength = 2048

    package let scheme: Scheme
    /// In lower case; an IPv6 address is in brackets.
    package let host: String
    package let port: Int?
    package let path: String
    package let hasQuery: Bool
    package let hasFragment: Bool

    package init(_ text: String) throws(URLRejection) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= Self.maximumLength else { throw .tooLong(limit: Self.maximumLength) }
        guard Self.isWellFormed(bytes) else { throw .forbiddenCharacter }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), bytes[colon...].starts(with: "://".utf8) else {
            throw .notAbsolute
        }
        let schemeText = String(decoding: bytes[..<colon], as: UTF8.self).lowercased()
        guard let scheme = Scheme(rawValue: schemeText) else { throw .unsupportedScheme(schemeText) }
        let afterScheme = bytes[(colon + 3)...]
        let authority = afterScheme.prefix { !"/?#".utf8.contains($0) }
        let afterAuthority = afterScheme[authority.endIndex...]
        let path = afterAuthority.prefix { !"?#".utf8.contains($0) }
        let afterPath = afterAuthority[path.endIndex...]

        self.scheme = scheme
        (host, port) = try Self.hostAndPort(authority)
        self.path = String(decoding: path, as: UTF8.self)
        hasQuery = afterPath.first == UInt8(ascii: "?")
        hasFragment = afterPath.contains(UInt8(ascii: "#"))
    }

    /// RFC 6454 §6.2, without the default port.
    package var origin: String {
        let defaultPort = scheme == .https ? 443 : 80
        guard let port, port != defaultPort else { return "\(scheme.rawValue)://\(host)" }
        return "\(scheme.rawValue)://\(host):\(port)"
    }

    /// Names and addresses that never leave this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
    package var isLoopback: Bool {
        if host == "localhost" || host == "[::1]" { return true }
        // libcurl resolves these itself, to 127.0.0.1 and ::1, without DNS.
        if host.hasSuffix(".localhost"), host.first != "." { return true }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        // Digits only, because UInt8("+1") parses too; no leading zeros, because libcurl reads 0127 as octal.
        let octets = labels.compactMap { label in
            label.utf8.allSatisfy(\.isDigit) && (label == "0" || label.first != "0") ? UInt8(label) : nil
        }
        return labels.count == 4 && octets.count == 4 && octets[0] == 127
    }

    private static func hostAndPort(_ authority: ArraySlice<UInt8>) throws(URLRejection) -> (String, Int?) {
        guard !authority.contains(UInt8(ascii: "@")) else { throw .userInfo }
        let host: ArraySlice<UInt8>
        if authority.first == UInt8(ascii: "["), let end = authority.firstIndex(of: UInt8(ascii: "]")) {
            host = authority[...end]
            guard host.count > 2, host.dropFirst().dropLast().allSatisfy({ $0.isHexDigit || ":.".utf8.contains($0) })
            else { throw .invalidHost }
        } else {
            host = authority.prefix { $0 != UInt8(ascii: ":") }
            guard !host.isEmpty, host.allSatisfy({ $0.isLetterOrDigit || "-._".utf8.contains($0) }) else {
                throw .invalidHost
            }
        }
        let name = String(decoding: host, as: UTF8.self).lowercased()
        let rest = authority[host.endIndex...]
        guard let first = rest.first else { return (name, nil) }
        guard first == UInt8(ascii: ":") else { throw .invalidHost }
        let digits = rest.dropFirst()
        guard digits.allSatisfy(\.isDigit), let port = UInt16(String(decoding: digits, as: UTF8.self)), port > 0 else {
            throw .invalidPort
        }
        return (name, Int(port))
    }

    /// Whether all characters are unreserved, reserved, or `%` with two hexadecimal digits (RFC 3986 §2).
    private static func isWellFormed(_ bytes: [UInt8]) -> Bool {
        bytes.indices.allSatisfy { index in
            let byte = bytes[index]
            if byte == UInt8(ascii: "%") {
                return index + 2 < bytes.count && bytes[index + 1].isHexDigit && bytes[index + 2].isHexDigit
            }
            return byte.isLetterOrDigit || "-._~:/?#[]@!$&'()*+,;=".utf8.contains(byte)
        }
    }
}
