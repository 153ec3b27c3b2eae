/// How and when a user must have authenticated for a login to be of use (OpenID Connect Core 1.0 §3.1.2.1, RFC 9470 §5).
///
/// Some servers ignore what was requested, so that it is checked in the ID token that comes back.
package struct AuthenticationDemands: Sendable, Equatable {
    /// One of these; empty if any will do.
    package var acrValues: [String]
    /// In seconds; `nil` if any age will do.
    package var maxAge: Int?

    package init(acrValues: [String] = [], maxAge: Int? = nil) {
        self.acrValues = acrValues
        self.maxAge = maxAge
    }

    /// Checks an authentication. `acr` and `authenticatedAt` are the ID token's claims; `now` and they are in seconds
    /// since 1970.
    package func check(
        acr: String?, authenticatedAt: Int?, now: Int, leeway: Int = IDTokenClaims.leeway
    ) throws(IDTokenRejection) {
        if !acrValues.isEmpty {
            let isRequested = acr.map { acr in acrValues.contains { $0.utf8.elementsEqual(acr.utf8) } } ?? false
            guard isRequested else { throw .otherAuthentication(found: acr, asked: acrValues) }
        }
        guard let maxAge else { return }
        guard let authenticatedAt else { throw .claimMissing("auth_time") }
        let age = now - authenticatedAt
        guard age >= -leeway else { throw .authenticatedInFuture(by: -age) }
        guard age - leeway <= maxAge else { throw .authenticatedTooLongAgo(age: age, maxAge: maxAge) }
    }
}

extension IDTokenClaims {
    /// Checks how and when the user authenticated.
    package func checkAuthentication(_ demands: AuthenticationDemands, now: Int) throws(IDTokenRejection) {
        try demands.check(acr: acr, authenticatedAt: authenticatedAt, now: now)
    }
}
