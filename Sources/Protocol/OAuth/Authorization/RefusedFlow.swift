/// A way to log in that is refused wherever it is named: by an option, a key, a response type or a redirect URI.
public enum RefusedFlow: String, CaseIterable, Sendable {
    case implicit
    case password
    /// PKCE's challenge method `plain`.
    case plainChallenge
    /// The redirect URI `urn:ietf:wg:oauth:2.0:oob`.
    case outOfBand

    /// The reason, as a sentence for the user.
    public var reason: String {
        switch self {
        case .implicit: "the implicit flow puts tokens into the browser's address, where they leak (RFC 9700 §2.1.2)"
        case .password: "the password grant gives the user's password to the client (RFC 9700 §2.4)"
        case .plainChallenge: "PKCE with 'plain' shows its secret to those who see the request (RFC 9700 §2.1.1)"
        case .outOfBand:
            "a page that shows a code to be copied serves phishing, and providers have withdrawn it"
        }
    }

    /// What to use in its place, as a hint for the user.
    public var instead: String {
        switch self {
        case .implicit: "use the authorization code flow: give --code, or set 'grant = \"code\"' in the account file"
        case .password: "give --device or --code, or set 'grant' in the account file"
        case .plainChallenge: "leave it out: the agent always uses S256"
        case .outOfBand:
            "set 'redirect_uri = \"\(RedirectURI.standard)\"': the browser's address can be pasted, forwarded with"
                + " ssh -L, or taken with --browser-here"
        }
    }

    /// `nil` if no refused flow has that grant type or name.
    public init?(grant: String) {
        switch grant.lowercased() {
        case "implicit", "hybrid", "token", "id_token": self = .implicit
        case "password", "ropc", "resource_owner", "resource_owner_password_credentials": self = .password
        default: return nil
        }
    }

    /// `nil` if the response type asks for no token. Of several words, each counts (OAuth 2.0 Multiple Response Types).
    public init?(responseType: String) {
        let words = responseType.lowercased().split { $0 == " " || $0 == "," || $0 == "+" }
        guard words.contains("token") || words.contains("id_token") else { return nil }
        self = .implicit
    }

    /// `nil` if the challenge method is not `plain`.
    public init?(challengeMethod: String) {
        guard challengeMethod.lowercased() == "plain" else { return nil }
        self = .plainChallenge
    }

    /// `nil` if the redirect URI is not one of those by which providers showed a code.
    public init?(redirectURI: String) {
        let text = redirectURI.lowercased()
        guard text == "oob" || text.hasPrefix("urn:ietf:wg:oauth:2.0:oob") else { return nil }
        self = .outOfBand
    }
}
