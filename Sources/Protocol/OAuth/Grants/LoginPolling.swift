/// The schedule of a login's polls, by a device code (RFC 8628 §3.3, §3.5) or by CIBA (OpenID CIBA Core 1.0 §11). It has
/// no clock: every time is a parameter.
public struct LoginPolling: Sendable {
    public enum Decision: Sendable {
        /// Poll again at `nextPoll`.
        case wait
        /// As `wait`; the server requested a longer interval, in seconds.
        case slowed(interval: Int)
        /// As `wait`; the poll did not reach the server.
        case retrying(detail: String)
        case granted(TokenGrant)
        /// The provider's error code, or `bad_response`, `device_flow_unsupported` or `provider_unreachable`.
        case failed(code: String, detail: String?)
        /// The code expires before the next poll; reported as `expired_token`. A new code requires the user's request.
        case expired
    }

    /// The agent's own limit, unless the server requests a longer wait: the user is waiting.
    private static let longestBackoff = 60
    private static let longestRetryAfter: Duration = .seconds(120)

    /// When the code expires by our own clock, suspend included; the server may not enforce it.
    public let deadline: ContinuousClock.Instant
    public private(set) var nextPoll: ContinuousClock.Instant
    /// The interval that the server requested, in seconds.
    private var agreedInterval: Int
    private var slowDownsInARow = 0
    private var backOffsInARow = 0

    /// `expiresIn` and `interval` are in seconds; `now` is when the response arrived. The first poll waits, too.
    public init(expiresIn: Int, interval: Int, now: ContinuousClock.Instant) {
        agreedInterval = interval
        deadline = now + .seconds(expiresIn)
        nextPoll = now + .seconds(interval)
    }

    public init(_ authorization: DeviceAuthorization, now: ContinuousClock.Instant) {
        self.init(expiresIn: authorization.expiresIn, interval: authorization.interval, now: now)
    }

    public init(_ authentication: BackchannelAuthentication, now: ContinuousClock.Instant) {
        self.init(expiresIn: authentication.expiresIn, interval: authentication.interval, now: now)
    }

    /// Seconds between the end of one poll and the start of the next.
    public var interval: Int {
        var interval = agreedInterval
        // RFC 8628 §3.5: a connection timeout doubles the interval, and so does overload. Any answer resets it, so that
        // a short network failure does not slow the rest of the login.
        for _ in 0..<backOffsInARow where interval < Self.longestBackoff {
            interval = min(interval * 2, Self.longestBackoff)
        }
        return interval
    }

    /// Handles the result of a poll at `now` and returns the next step.
    public mutating func received(_ reply: PollReply, at now: ContinuousClock.Instant) -> Decision {
        var decision: Decision
        var wait: Duration = .zero
        switch reply {
        case .granted(let grant): return .granted(grant)
        case .denied(let error): return Self.failed(.accessDenied, error)
        case .expired(let error): return Self.failed(.expiredToken, error)
        case .refused(let error): return .failed(code: error.code, detail: error.detail)
        case .unsupported(let detail): return .failed(code: "device_flow_unsupported", detail: detail)
        case .unusable(let detail): return .failed(code: "bad_response", detail: detail)
        case .untrusted(let detail): return .failed(code: "provider_unreachable", detail: detail)
        case .pending(let asked):
            agreedInterval = max(agreedInterval, asked ?? 0)
            (slowDownsInARow, backOffsInARow) = (0, 0)
            decision = .wait
        case .slowDown(let asked):
            slowDown(asked)
            decision = .slowed(interval: agreedInterval)
        case .transient(let detail, let backsOff, let retryAfter):
            backOffsInARow = backsOff ? backOffsInARow + 1 : 0
            wait = min(retryAfter ?? .zero, Self.longestRetryAfter)
            decision = .retrying(detail: detail)
        }
        nextPoll = now + max(.seconds(interval), wait)
        if nextPoll >= deadline { decision = .expired }
        return decision
    }

    /// Reports the RFC's code, the same for every provider; the provider's own word goes into the detail.
    private static func failed(_ code: ErrorCode, _ error: ProviderError) -> Decision {
        .failed(code: code.rawValue, detail: error.code == code.rawValue ? error.detail : error.description)
    }

    /// Adds 5 s to this and all later polls (RFC 8628 §3.5), or takes the server's interval if it is longer.
    ///
    /// A server that keeps sending `slow_down` measures time differently, so the interval also grows by half. Since it
    /// always grows, the deadline ends the loop.
    private mutating func slowDown(_ asked: Int?) {
        slowDownsInARow += 1
        backOffsInARow = 0
        let widened = slowDownsInARow > 2 ? min(agreedInterval * 3 / 2, Self.longestBackoff) : 0
        agreedInterval = max(agreedInterval + 5, widened, asked ?? 0)
    }
}
