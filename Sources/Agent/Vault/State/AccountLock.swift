/// When an account locks by itself.
public struct LockLimits: Equatable, Sendable {
    /// After this long without a request for a token.
    public var idle: Duration?
    /// This long after the login, the unlocking or the agent's start.
    public var lifetime: Duration?

    public init(idle: Duration? = nil, lifetime: Duration? = nil) {
        self.idle = idle
        self.lifetime = lifetime
    }
}

public enum LockReason: String, Sendable {
    /// By `authagent lock`.
    case requested
    case idle
    case lifetime
}

/// Whether an account serves tokens. Pure: no clock.
package struct AccountLock: Equatable, Sendable {
    package var limits = LockLimits()
    private var closed: LockReason?
    private var openedAt: ContinuousClock.Instant?
    private var lastRequest: ContinuousClock.Instant?

    package init() {}

    package mutating func open(at now: ContinuousClock.Instant) {
        closed = nil
        openedAt = now
        lastRequest = now
    }

    package mutating func recordRequest(at now: ContinuousClock.Instant) { lastRequest = now }

    package mutating func close(_ reason: LockReason) { closed = closed ?? reason }

    package var isClosed: Bool { closed != nil }

    /// Why the account serves nothing; `nil` if it serves. Counts time that has passed without an event as well.
    package func reason(at now: ContinuousClock.Instant) -> LockReason? {
        if let closed { return closed }
        if let end = lifetimeEnd, end <= now { return .lifetime }
        if let end = idleEnd, end <= now { return .idle }
        return nil
    }

    /// When a limit will lock it; `nil` if none will, or it is locked.
    package var due: ContinuousClock.Instant? {
        closed == nil ? [lifetimeEnd, idleEnd].compactMap { $0 }.min() : nil
    }

    private var lifetimeEnd: ContinuousClock.Instant? {
        limits.lifetime.flatMap { limit in openedAt.map { $0 + limit } }
    }

    private var idleEnd: ContinuousClock.Instant? { limits.idle.flatMap { limit in lastRequest.map { $0 + limit } } }
}
