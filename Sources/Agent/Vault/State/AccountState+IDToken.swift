/// The login's ID token, which is served beside its own access token.
extension AccountState {
    /// Records why a login or a refresh brought no ID token to serve; `nil` if it brought one.
    mutating func idTokenMissing(_ why: NoIDToken?, at now: ContinuousClock.Instant) {
        switch why {
        case nil: missingIDToken = nil
        // A provider that sends none sends none the next time.
        case .notIssued?, .expired?: missingIDToken = MissingIDToken(why: .notIssued, until: nil)
        case .unverified?, .untimely?:
            missingIDToken = why.map { MissingIDToken(why: $0, until: now + Self.idTokenPatience) }
        }
    }

    /// The provider's keys, or the clocks, may be better then; a refresh at each request would only spend tokens.
    package static let idTokenPatience: Duration = .seconds(60)

    /// What is wrong with the ID token; `nil` if it is valid or only missing.
    var idTokenProblem: NoIDToken? {
        switch missingIDToken?.why {
        case nil, .notIssued?, .expired?: nil
        case .unverified?, .untimely?: missingIDToken?.why
        }
    }

    /// Decides whether the ID token can be served as well, once the access token can.
    func idTokenRequested(
        with served: ServedToken, minimumValidity: Duration, at now: ContinuousClock.Instant
    ) -> Decision {
        let idToken = served.token.idToken
        if let idToken, Freshness.of(idToken, minimumValidity: minimumValidity, at: now) != .stale {
            return .serve(served)
        }
        if mayRenewalBringIDToken(at: now), case .active(let credential) = login,
            case .refresh(let credential) = refreshOrFail(credential, for: nil, at: now)
        {
            return .refresh(credential)
        }
        if let idToken, idToken.isValid(at: now) { return .serve(served) }
        if let failure = failure(for: nil, at: now) { return .fail(failure) }
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
