/// When to poll for a device code, and when to stop (RFC 8628 §3.3, §3.5). Holds no clock: every time is passed in.
public struct DevicePolling: Sendable {
    public enum Decision: Sendable {
        /// Poll again at `nextPoll`.
        case wait
        /// As `wait`; the server asked for a longer interval, in seconds.
        case slowed(interval: Int)
        /// As `wait`; the server could not be asked.
        case retrying(detail: String)
        case granted(TokenGrant)
        /// The provider's error code, or `bad_response`, `device_flow_unsupported` or `provider_unreachable`.
        case failed(code: String, detail: String?)
        /// The code expires before the next poll; to be reported as `expired_token`. A new code needs the user's wish.
        case expired
    }

    /// Our own limits to waiting, where the server has not asked for more: a person is waiting at the other end.
    private static let longestBackoff = 60
    private static let longestRetryAfter: Duration = .seconds(120)

    /// When the code expires by our own clock, suspend included; the server is not trusted to end it.
    public let deadline: ContinuousClock.Instant
    public private(set) var nextPoll: ContinuousClock.Instant
    /// What the server asks for, in seconds.
    private var agreedInterval: Int
    private var slowDownsInARow = 0
    private var backOffsInARow = 0

    /// `now` is when the response came. The first poll waits, too.
    public init(_ authorization: DeviceAuthorization, now: ContinuousClock.Instant) {
        agreedInterval = authorization.interval
        deadline = now + .seconds(authorization.expiresIn)
        nextPoll = now + .seconds(authorization.interval)
    }

    /// Seconds between the end of one poll and the start of the next, as of now.
    public var interval: Int {
        var interval = agreedInterval
        // RFC 8628 §3.5: a connection timeout doubles the interval before the retry, and so does overload. An answer
        // ends that, so that a moment without network does not slow the rest of the login.
        for _ in 0..<backOffsInARow where interval < Self.longestBackoff {
            interval = min(interval * 2, Self.longestBackoff)
        }
        return interval
    }

    /// Takes in what a poll returned at `now`, and says what follows.
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

    /// The RFC's code, which is the same for every provider; the provider's own word, if it has one, is in the detail.
    private static func failed(_ code: ErrorCode, _ error: ProviderError) -> Decision {
        .failed(code: code.rawValue, detail: error.code == code.rawValue ? error.detail : error.description)
    }

    /// RFC 8628 §3.5: 5 s more for this and all later polls, or what the server names if that is more.
    ///
    /// A server that goes on saying it counts time differently from us; the interval then grows by half as well, to
    /// overtake it. It always grows, so the deadline ends this in any case.
    private mutating func slowDown(_ asked: Int?) {
        slowDownsInARow += 1
        backOffsInARow = 0
        let widened = slowDownsInARow > 2 ? min(agreedInterval * 3 / 2, Self.longestBackoff) : 0
        agreedInterval = max(agreedInterval + 5, widened, asked ?? 0)
    }
}
