internal import Formats

/// The identifier of a token's type (RFC 8693 §3), a URI.
public struct TokenTypeIdentifier: Hashable, Sendable {
    public let text: String

    private static let prefix = "urn:ietf:params:oauth:token-type:"
    /// The names that may stand for their URIs: those of RFC 8693 §3, and the grant of the identity assertion draft.
    public static let names = ["access_token", "refresh_token", "id_token", "saml1", "saml2", "jwt", "id-jag"]
    /// The longest registered one has some 60 bytes.
    private static let longest = 256

    public static let accessToken = Self(name: "access_token")
    public static let idToken = Self(name: "id_token")
    public static let jwt = Self(name: "jwt")
    static let refreshToken = Self(name: "refresh_token")

    private init(name: String) { self.init(uri: Self.prefix + name) }

    private init(uri: String) { text = uri }

    /// `nil` if the text is neither one of `names` nor a URI.
    public init?(_ text: String) {
        if Self.names.contains(text) {
            self.init(name: text)
            return
        }
        // RFC 3986 §3.1: a scheme starts with a letter.
        guard text.utf8.count <= Self.longest, text.utf8.allSatisfy(\.isVisible),
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex,
            text.utf8.first.map({ $0.isLetterOrDigit && !$0.isDigit }) == true
        else { return nil }
        self.init(uri: text)
    }

    /// The name if there is one, else the URI.
    public var name: String {
        guard text.hasPrefix(Self.prefix), case let name = String(text.dropFirst(Self.prefix.count)),
            Self.names.contains(name)
        else { return text }
        return name
    }
}
