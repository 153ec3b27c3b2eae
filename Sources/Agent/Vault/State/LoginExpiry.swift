internal import OAuth

/// The expiry of a refresh token, after which a person must log in again. Known only if the provider names it:
/// `refresh_expires_in` of Keycloak, `refresh_token_expires_in` of GitHub and Google.
public struct LoginExpiry: Sendable, Equatable {
    /// Wall-clock seconds since 1970, because it outlives a boot.
    public var at: Int
    /// The longest life, in seconds, of any refresh token of this login when it came: near the end of a session the
    /// provider issues ever shorter ones, and those are not new logins.
    public var lifetime: Int

    public init(at: Int, lifetime: Int) {
        self.at = at
        self.lifetime = lifetime
    }

    /// A week, so that it is seen between two weekends.
    private static let longestNotice = 7 * 86_400

    /// When to warn of the expiry, in seconds since 1970: `span` before it, and in the second half of its life at most. By
    /// default in the last tenth, and in the last week at most. A session of 30 min that every use prolongs must not
    /// always be about to end.
    public func warningTime(before span: Duration? = nil) -> Int {
        at - (span.map { min(Int($0.components.seconds), lifetime / 2) } ?? min(Self.longestNotice, lifetime / 10))
    }

    public func isNear(at wall: Int, before span: Duration? = nil) -> Bool { wall > warningTime(before: span) }
}

extension Credential {
    /// When the login ends without a logout: with the refresh token, or with the registered client, which cannot be
    /// prolonged.
    var loginExpiry: LoginExpiry? {
        guard isRenewable, let clientEnd = registration?.secretExpiresAt, clientEnd < expiry?.at ?? .max else {
            return expiry
        }
        return LoginExpiry(at: clientEnd, lifetime: .max)
    }
}

extension LoginExpiry {
    /// Returns the expiry after a grant, whose refresh token may be a new one; `earlier` is the expiry before it.
    static func after(_ grant: TokenGrant, earlier: LoginExpiry?, at wall: Int) -> LoginExpiry? {
        guard let seconds = grant.refreshExpiresIn else { return grant.refreshToken == nil ? earlier : nil }
        return LoginExpiry(at: wall + seconds, lifetime: max(seconds, earlier?.lifetime ?? 0))
    }
}
