/// The claims of an ID token whose signature, issuer and audience are verified.
package struct IDTokenClaims: Sendable, Equatable {
    package var issuer: String
    /// At most 255 visible ASCII characters or spaces.
    package var subject: String
    package var audience: [String]
    /// Seconds since 1970, like the three below.
    package var expiresAt: Int
    package var issuedAt: Int
    package var notBefore: Int?
    /// As the provider sent it: not sanitised for a terminal.
    package var email: String?
    package var name: String?
    /// When the user last authenticated, in seconds since 1970.
    package var authenticatedAt: Int?
    /// How the user authenticated; not sanitised for a terminal.
    package var acr: String?

    /// The tolerated clock difference. NTP keeps clocks far closer, but a machine that just resumed may lag.
    package static let leeway = 60

    /// Checks the token's times (OpenID Connect Core 1.0 §3.1.3.7 (9) and (10), RFC 7519 §4.1.5). `now` is the wall
    /// clock in seconds since 1970.
    package func checkTimes(now: Int) throws(IDTokenRejection) {
        guard now < expiresAt + Self.leeway else { throw .expired(since: now - expiresAt) }
        if let notBefore, now < notBefore - Self.leeway { throw .notYetValid(for: notBefore - now) }
        guard issuedAt - Self.leeway <= now else { throw .issuedInFuture(by: issuedAt - now) }
    }
}
