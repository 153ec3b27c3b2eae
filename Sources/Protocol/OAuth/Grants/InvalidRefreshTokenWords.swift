internal import Formats

/// Provider-specific words for an invalid refresh token. They are compared as a whole; sentences are not searched.
enum InvalidRefreshTokenWords {
    /// Whether the word is unambiguous anywhere: `invalid_refresh_token` (Slack), `RefreshTokenExpired`, `refresh token
    /// revoked`.
    static func contain(_ word: String) -> Bool {
        var plain = Self.plain(word)
        guard plain.utf8.count <= longest else { return false }
        for suffix in ["exception", "error"] where plain.hasSuffix(suffix) { plain.removeLast(suffix.count) }
        if plain.hasPrefix("the") { plain.removeFirst(3) }
        guard let name = plain.firstRange(of: "refreshtoken") else { return false }
        let (before, after) = (plain[..<name.lowerBound], plain[name.upperBound...])
        if after.isEmpty { return states.contains(String(before)) }
        guard before.isEmpty else { return false }
        let link = ["hasbeen", "hasalreadybeen", "was", "has", "is"].first { after.hasPrefix($0) } ?? ""
        return states.contains(String(after.dropFirst(link.count)))
    }

    /// Whether the word is unambiguous in reply to a refresh, which has no other token or grant: `token_revoked`,
    /// `token_expired` (Slack), `invalid_token` (Cloud Foundry), `invalid_code` (Zoho).
    static func containAtRefresh(_ word: String) -> Bool {
        atRefresh.contains(plain(word))
    }

    private static let longest = 60

    private static let states: Set<String> = [
        "bad", "invalid", "expired", "revoked", "unknown", "inactive", "dead", "used", "reused", "alreadyused",
        "notfound", "notvalid", "notactive", "nolongervalid", "disabled", "blacklisted", "invalidated",
        "invalidorexpired", "expiredorinvalid", "expiredorrevoked", "revokedorexpired", "invalidorrevoked",
    ]

    private static let atRefresh: Set<String> = [
        "expiredtoken", "tokenexpired", "tokenrevoked", "revokedtoken", "invalidtoken", "tokeninvalid", "tokennotfound",
        "tokeninactive", "inactivetoken", "tokenreused", "invalidcode", "expiredgrant", "grantexpired", "grantrevoked",
        "grantnotfound", "sessionexpired", "sessionrevoked", "sessionnotfound", "expiredtokenexception",
    ]

    private static func plain(_ word: String) -> String {
        String(decoding: word.lowercased().utf8.filter(\.isLetterOrDigit), as: UTF8.self)
    }
}
