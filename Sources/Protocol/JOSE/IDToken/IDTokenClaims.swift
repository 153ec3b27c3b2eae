/// What a token says once its signature, its issuer and its audience are known to be right.
package struct IDTokenClaims: Sendable, Equatable {
    package var issuer: String
    /// At most 255 visible ASCII characters or spaces.
    package var subject: String
    package var audience: [String]
    /// Seconds since 1970, as the three below.
    package var expiresAt: Int
    package var issuedAt: Int
    package var notBefore: Int?
    /// As the provider writes them: not cleaned for a terminal.
    package var email: String?
    package var name: String?

    /// Two clocks may differ by this much: NTP keeps them far closer, a machine that has just resumed may not be there
    /// yet.
    package static let leeway = 60

    /// OpenID Connect Core 1.0 §3.1.3.7 (9) and (10), RFC 7519 §4.1.5. `now` is the wall clock's, in seconds since
    /// 1970.
    package func checkTimes(now: Int) throws(IDTokenRejection) {
        guard now < expiresAt + Self.leeway else { throw .expired(since: now - expiresAt) }
        if let notBefore, now < notBefore - Self.leeway { throw .notYetValid(for: notBefore - now) }
        guard issuedAt - Self.leeway <= now else { throw .issuedInFuture(by: issuedAt - now) }
    }
}
