/// The reason why a text is not a URL that the agent sends requests to, shows, or maps to an account.
public enum URLRejection: Error, Equatable, Sendable {
    case empty
    case tooLong(limit: Int)
    /// A control character, a space, a character outside ASCII or outside the grammar of RFC 3986.
    case forbiddenCharacter
    case notAbsolute
    case unsupportedScheme(String)
    /// Plain http to a host other than this machine.
    case insecure(host: String)
    /// Plain http to this machine, from the metadata of an https issuer.
    case downgrade(host: String)
    case userInfo
    case invalidHost
    case invalidPort
    case query
    case fragment
    /// `.` or `..`, also percent-encoded or before a `;`.
    case dotSegment
    /// Two slashes in a row, which some servers take for one.
    case emptySegment
    /// An encoded slash, backslash, percent sign or control character, or bytes that are not UTF-8.
    case encodedCharacter
}

extension URLRejection: CustomStringConvertible {
    /// The text for the user; follows the name of the refused thing.
    public var description: String {
        switch self {
        case .empty: "it is empty"
        case .tooLong(let limit): "it is longer than \(limit) bytes"
        case .forbiddenCharacter: "it contains a character that is not allowed in a URL"
        case .notAbsolute: "it is not a complete URL; it must start with https://"
        case .unsupportedScheme(let scheme): "its scheme is '\(scheme)'; it must start with https://"
        case .insecure(let host): "it uses plain http to '\(host)'; only https is safe, http works for localhost only"
        case .downgrade(let host): "it uses plain http to '\(host)', but its issuer uses https"
        case .userInfo: "it contains a user name or password before the host"
        case .invalidHost: "its host name is missing or malformed"
        case .invalidPort: "its port is not a number from 1 to 65535"
        case .query: "it has a query ('?')"
        case .fragment: "it has a fragment ('#')"
        case .dotSegment: "its path contains '.' or '..'"
        case .emptySegment: "its path contains '//'"
        case .encodedCharacter: "its path contains a percent-encoded character that servers read differently"
        }
    }

    /// The remedy, whatever the URL is for.
    public var hint: String {
        switch self {
        case .empty, .notAbsolute, .unsupportedScheme, .insecure, .downgrade:
            "give an https URL, such as https://host.example/path/, or http on this machine's loopback address only"
        case .tooLong: "give a shorter URL, such as that of a project instead of one of its files"
        case .forbiddenCharacter: "percent-encode that character, as '%20' for a blank"
        case .userInfo: "leave out the user name and the '@' before the host"
        case .invalidHost: "write the host as a name or an address, as in https://host.example/ or https://192.0.2.1/"
        case .invalidPort: "write the port as in https://host.example:8443/"
        case .query: "leave out the '?' and what follows it"
        case .fragment: "leave out the '#' and what follows it"
        case .dotSegment: "write out the path that is meant, without '.' and '..'"
        case .emptySegment: "write one '/' between two parts of the path"
        case .encodedCharacter: "end the path before the part with that character, for instance before one with '%2F'"
        }
    }
}
