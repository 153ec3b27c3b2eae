/// Scopes as servers write them back.
public enum ScopeList {
    /// Which of the asked scopes a server did not grant. RFC 6749 §3.3 has the granted ones in the reply, but not all
    /// servers use the same words in both.
    public static func missing(_ asked: [String], from granted: [String]) -> [String] {
        let granted = granted.map { $0.lowercased() }
        return asked.filter { scope in
            let scope = scope.lowercased()
            // OpenID Connect Core 1.0 §11: it asks for a refresh token, and Entra never names it in a reply.
            if scope == "offline_access" { return false }
            // Microsoft Entra, scopes and permissions: all that are configured for one resource.
            if scope.hasSuffix("/.default") { return granted.isEmpty }
            return !granted.contains { isSame(scope, $0) }
        }
    }

    /// Which of the granted scopes nobody asked for. RFC 6749 §3.3 lets a server ignore what it was asked for.
    public static func extra(_ granted: [String], beyond asked: [String]) -> [String] {
        let asked = asked.map { $0.lowercased() }
        guard !asked.contains(where: { $0.hasSuffix("/.default") }) else { return [] }
        return granted.filter { scope in !asked.contains { isSame($0, scope.lowercased()) } }
    }

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
