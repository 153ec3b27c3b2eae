/// The decision whether a token may be served, and when to renew it. Pure: time is a parameter.
package enum Freshness: Equatable {
    /// Lives at least as long as requested.
    case fresh
    /// The provider's tokens never live as long as requested, and this one is in the first half of its life: a refresh at
    /// every call would only load the provider.
    case shortLived
    case stale

    package static func of(
        _ token: AccessToken, minimumValidity: Duration, at now: ContinuousClock.Instant
    ) -> Freshness {
        guard let expiresAt = token.expiresAt, let lifetime = token.lifetime else { return .fresh }
        return of(expiresAt, lifetime: lifetime, minimumValidity: minimumValidity, at: now)
    }

    package static func of(
        _ token: HeldIDToken, minimumValidity: Duration, at now: ContinuousClock.Instant
    ) -> Freshness {
        of(token.expiresAt, lifetime: token.lifetime, minimumValidity: minimumValidity, at: now)
    }

    private static func of(
        _ expiresAt: ContinuousClock.Instant, lifetime: Duration, minimumValidity: Duration,
        at now: ContinuousClock.Instant
    ) -> Freshness {
        let left = expiresAt - now
        if left > .zero && left >= minimumValidity { return .fresh }
        let isAttainable = minimumValidity <= lifetime - transit
        if !isAttainable && left * 2 >= lifetime && left > .zero { return .shortLived }
        return .stale
    }

    /// Returns when to renew a token that is in use, so that no client waits for it.
    ///
    /// A fifth of its life before the end, between 90 s, which is more than the default `min_valid`, and 10 min.
    /// A token that lives less than 3 min is renewed at half its life. `jitter`, from 0 to 1, brings the moment
    /// forward by up to a tenth of that margin, so that accounts logged in together do not refresh together. `isFirst`: as
    /// far as to half of its life, because all machines of a fleet may have got such a token in the same minutes.
    package static func renewal(
        of token: AccessToken, isFirst: Bool = false, jitter: Double
    ) -> ContinuousClock.Instant? {
        guard let expiresAt = token.expiresAt, let lifetime = token.lifetime else { return nil }
        let margin: Duration =
            lifetime < .seconds(180) ? lifetime / 2 : min(max(lifetime / 5, .seconds(90)), .seconds(600))
        let span = isFirst ? max(margin / 10, lifetime / 2 - margin) : margin / 10
        return expiresAt - margin - span * jitter
    }

    /// A token that just arrived has lost this much of its life on the way, so a request for more cannot be met.
    private static let transit: Duration = .seconds(2)
}
