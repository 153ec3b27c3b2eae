internal import OAuth

/// When a refresh token dies by itself, so that a person has to log in again: known only if the provider says so
/// (`refresh_expires_in` of Keycloak, `refresh_token_expires_in` of GitHub and Google).
public struct LoginExpiry: Sendable, Equatable {
    /// Wall-clock seconds since 1970, because it outlives a boot.
    public var at: Int
    /// The longest life, in seconds, that a refresh token of this login had when it came: near the end of a session
    /// the provider gives ever shorter ones, and those are not new logins.
    public var lifetime: Int

    public init(at: Int, lifetime: Int) {
        self.at = at
        self.lifetime = lifetime
    }

    /// A week, so that somebody sees it between two weekends.
    private static let longestNotice = 7 * 86_400

    /// Whether it is time to tell people: in the last tenth of its life, and in the last week at most, so that a
    /// session of 30 min that every use prolongs is not always about to end.
    public func isNear(at wall: Int) -> Bool { at - wall < min(Self.longestNotice, lifetime / 10) }
}

extension Credential {
    /// When the login ends by itself: with the refresh token, or with the client that the provider has registered,
    /// which cannot be prolonged.
    var loginExpiry: LoginExpiry? {
        guard isRenewable, let clientEnd = registration?.secretExpiresAt, clientEnd < expiry?.at ?? .max else {
            return expiry
        }
        return LoginExpiry(at: clientEnd, lifetime: .max)
    }
}

extension LoginExpiry {
    /// After a grant, whose refresh token may be a new one; `earlier` is what was known before.
    static func after(_ grant: TokenGrant, earlier: LoginExpiry?, at wall: Int) -> LoginExpiry? {
        guard let seconds = grant.refreshExpiresIn else { return grant.refreshToken == nil ? earlier : nil }
        return LoginExpiry(at: wall + seconds, lifetime: max(seconds, earlier?.lifetime ?? 0))
    }
}
