/// The difference between requested and granted scopes, for providers that spell a scope in several ways.
///
/// For messages, and to see whether a provider granted enough. It does not decide access: rules compare scopes exactly
/// (`ScopeBound`).
public struct ScopeReply: Equatable, Sendable {
    /// Requested but not granted (RFC 6749 §3.3).
    public let notGranted: [String]
    /// Granted but not requested: RFC 6749 §3.3 lets a provider ignore the request.
    public let notAsked: [String]

    public init(_ granted: [String], to asked: [String]) {
        let (low, words) = (granted.map { $0.lowercased() }, asked.map { $0.lowercased() })
        // Microsoft Entra, scopes and permissions: `.default` means all scopes configured for one resource.
        let asksForAll = words.contains(where: Self.isAll)
        notGranted = zip(asked, words).filter { _, word in
            // OpenID Connect Core 1.0 §11: requests a refresh token; Entra never returns it.
            if word == "offline_access" { return false }
            if Self.isAll(word) { return low.isEmpty }
            return !low.contains { Self.isSame(word, $0) }
        }.map(\.0)
        notAsked = zip(granted, low).filter { _, scope in
            !asksForAll && !words.contains { Self.isSame($0, scope) }
        }.map(\.0)
    }

    private static func isAll(_ asked: String) -> Bool { asked.hasSuffix("/.default") }

    private static func isSame(_ asked: String, _ granted: String) -> Bool {
        if asked == granted || aliases[asked] == granted { return true }
        // Entra omits the resource prefix of some scopes: `https://graph.microsoft.com/mail.read`.
        return asked.contains("://") && asked.hasSuffix("/" + granted)
    }

    /// Google, OAuth 2.0 scopes: OpenID Connect's short names and the full names that Google returns.
    private static let aliases = [
        "email": "https://www.googleapis.com/auth/userinfo.email",
        "profile": "https://www.googleapis.com/auth/userinfo.profile",
    ]
}
