extension AccountState {
    /// After a login or a refresh without an ID token that can be served; nil when there is one.
    package mutating func idTokenMissing(_ why: NoIDToken?, at now: ContinuousClock.Instant) {
        switch why {
        case nil: missingIDToken = nil
        // A provider that sends none sends none the next time.
        case .notIssued?, .expired?: missingIDToken = (.notIssued, nil)
        case .unverified?, .untimely?: missingIDToken = why.map { ($0, now + Self.idTokenPatience) }
        }
    }

    /// The provider's keys, or the clocks, may be better then; asking at each request would only spend tokens.
    package static let idTokenPatience: Duration = .seconds(60)

    /// Something is wrong with the ID token, and not only missing.
    var idTokenProblem: NoIDToken? {
        switch missingIDToken?.why {
        case nil, .notIssued?, .expired?: nil
        case .unverified?, .untimely?: missingIDToken?.why
        }
    }

    /// The access token could be served; can an ID token be as well?
    func idTokenRequested(
        with served: ServedToken, minimumValidity: Duration, at now: ContinuousClock.Instant
    ) -> Decision {
        let idToken = served.token.idToken
        if let idToken, Freshness.of(idToken, minimumValidity: minimumValidity, at: now) != .stale {
            return .serve(served)
        }
        if mayRenewalBringIDToken(at: now), case .active(let credential) = login,
            case .refresh(let credential) = refreshOrFail(credential, at: now)
        {
            return .refresh(credential)
        }
        if let idToken, idToken.isValid(at: now) { return .serve(served) }
        if let failure = failure(at: now) { return .fail(failure) }
        switch missingIDToken?.why {
        case .unverified(let detail)?: return .fail(.noIDToken(.unverified(detail: detail)))
        case .untimely(let detail)?: return .fail(.noIDToken(.untimely(detail: detail)))
        case .notIssued?, .expired?, nil: return .fail(.noIDToken(idToken == nil ? .notIssued : .expired))
        }
    }

    private func mayRenewalBringIDToken(at now: ContinuousClock.Instant) -> Bool {
        guard let missingIDToken else { return true }
        return missingIDToken.until.map { now >= $0 } ?? false
    }
}
