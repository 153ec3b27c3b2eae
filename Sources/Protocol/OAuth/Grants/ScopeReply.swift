/// What the scopes in a provider's reply mean, beside those that were asked for. Providers write the same scope in
/// several ways.
///
/// For messages and for telling whether a provider granted enough. It decides over no access: what a rule allows is
/// compared letter by letter (`ScopeBound`).
public struct ScopeReply: Equatable, Sendable {
    /// Asked for and not granted (RFC 6749 §3.3).
    public let notGranted: [String]
    /// Granted and not asked for: RFC 6749 §3.3 lets a provider ignore what it was asked for.
    public let notAsked: [String]

    public init(_ granted: [String], to asked: [String]) {
        let (low, words) = (granted.map { $0.lowercased() }, asked.map { $0.lowercased() })
        // Microsoft Entra, scopes and permissions: all that are configured for one resource.
        let asksForAll = words.contains(where: Self.isAll)
        notGranted = zip(asked, words).filter { _, word in
            // OpenID Connect Core 1.0 §11: it asks for a refresh token, and Entra never names it in a reply.
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
        // Entra leaves out the resource's prefix of some scopes: `https://graph.microsoft.com/mail.read`.
        return asked.contains("://") && asked.hasSuffix("/" + granted)
    }

    /// Google, OAuth 2.0 scopes: the short names of OpenID Connect, and what comes back for them.
    private static let aliases = [
        "email": "https://www.googleapis.com/auth/userinfo.email",
        "profile": "https://www.googleapis.com/auth/userinfo.profile",
    ]
}
