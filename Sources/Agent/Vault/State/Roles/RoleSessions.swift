package import AgentAPI
package import OAuth

/// The credentials of AWS roles that the tokens of one login have brought. Pure: time and randomness are parameters.
///
/// They end with the login, and a lock drops them. A failure for one role affects neither the login nor other roles.
package struct RoleSessions: Sendable {
    private struct Entry: Sendable {
        var held: HeldRole?
        /// The answer that the role is refused, and until when it is not requested again.
        var refusal: (failure: RoleFailure, until: ContinuousClock.Instant)?
        var lastUse: UInt64 = 0
    }

    /// The two services of AWS; one that does not answer must not be requested for each role anew.
    private enum Service: Hashable {
        case portal
        case tokens

        init(_ role: AWSRole) {
            switch role {
            case .assigned: self = .portal
            case .trusting: self = .tokens
            }
        }
    }

    private struct Outage: Sendable {
        var backoff = Backoff()
        var failure: RoleFailure
    }

    /// What a request for credentials gets.
    package enum Decision: Sendable {
        case serve(HeldRole)
        case fail(RoleFailure)
        case request
    }

    /// Callers name roles, and sessions, as they like.
    static let limit = 64
    /// How long a refused role is not requested again.
    static let refusalLife: Duration = .seconds(15)
    /// Refused roles in `refusalPeriod`, for each user; more are not requested: AWS limits the login's requests.
    static let mostRefusals = 10
    static let refusalPeriod: Duration = .seconds(60)

    private var entries: [AWSRole: Entry] = [:]
    private var outages: [Service: Outage] = [:]
    private var refusals: [(at: ContinuousClock.Instant, user: UInt32?)] = []
    private var uses: UInt64 = 0

    package init() {}

    package mutating func requested(
        _ role: AWSRole, by user: UInt32?, at now: ContinuousClock.Instant
    ) -> Decision {
        uses += 1
        entries[role]?.lastUse = uses
        let entry = entries[role]
        if let held = entry?.held, held.isFresh(at: now) { return .serve(held) }
        if let refusal = entry?.refusal, now < refusal.until { return .fail(refusal.failure) }
        if let outage = outages[Service(role)], let pause = outage.backoff.clientNotBefore, now < pause {
            return usable(role, at: now).map { .serve($0) } ?? .fail(outage.failure)
        }
        let recent = refusals.count { now < $0.at + Self.refusalPeriod && $0.user == user }
        guard entry?.held != nil || recent < Self.mostRefusals else {
            return .fail(
                .busy("AWS has just refused several roles, so no new ones are tried for a minute", retryAfter: nil))
        }
        return .request
    }

    package mutating func received(
        _ role: AWSRole, _ credentials: RoleCredentials, requestedAt: ContinuousClock.Instant, wall: Int
    ) -> HeldRole {
        let held = HeldRole(credentials, requestedAt: requestedAt, wall: wall)
        outages[Service(role)] = nil
        update(role) { ($0.held, $0.refusal) = (held, nil) }
        return held
    }

    /// Records a failure. Returns the earlier credentials if they can be served instead.
    package mutating func failed(
        _ role: AWSRole, _ failure: RoleFailure, by user: UInt32?, at now: ContinuousClock.Instant, jitter: Double
    ) -> HeldRole? {
        switch failure {
        case .tokenRefused, .roleRefused:
            refusals = refusals.suffix(4 * Self.mostRefusals) + [(now, user)]
            // Not an outage but an answer: what was granted before is not granted any more.
            update(role) { ($0.held, $0.refusal) = (nil, (failure, now + Self.refusalLife)) }
            return nil
        case .busy(_, let retryAfter): recordOutage(role, failure, retryAfter, .overload, at: now, jitter)
        case .unreachable(.nameNotFound): recordOutage(role, failure, nil, .offline, at: now, jitter)
        case .unreachable, .unreadable: recordOutage(role, failure, nil, .unknown, at: now, jitter)
        }
        return usable(role, at: now)
    }

    private mutating func recordOutage(
        _ role: AWSRole, _ failure: RoleFailure, _ retryAfter: Duration?, _ obstacle: RefreshReply.Obstacle,
        at now: ContinuousClock.Instant, _ jitter: Double
    ) {
        var outage = outages[Service(role)] ?? Outage(failure: failure)
        outage.failure = failure
        outage.backoff.failed(at: now, retryAfter: retryAfter, definite: false, obstacle: obstacle, jitter: jitter)
        outages[Service(role)] = outage
    }

    private func usable(_ role: AWSRole, at now: ContinuousClock.Instant) -> HeldRole? {
        entries[role]?.held.flatMap { $0.isUsable(at: now) ? $0 : nil }
    }

    private mutating func update(_ role: AWSRole, _ change: (inout Entry) -> Void) {
        uses += 1
        var entry = entries[role] ?? Entry()
        change(&entry)
        entry.lastUse = uses
        entries[role] = entry
        if entries.count > Self.limit, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })?.key {
            entries[oldest] = nil
        }
    }
}
