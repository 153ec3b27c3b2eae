import Synchronization

/// What tests make the issuer do wrong, and what they see of its requests.
extension DemoIssuer {
    public enum Fault: Sendable {
        /// This reply instead of the right one; nothing happens to the issuer's state.
        case reply(status: Int, contentType: String = "application/json", body: String, headers: [String: String] = [:])
        /// Closes the connection; nothing happens to the issuer's state.
        case drop
        /// Does what was asked, and closes the connection instead of telling.
        case dropAfterCommit
        /// Waits for the closure to return, then goes on as usual.
        case wait(@Sendable () async -> Void)
    }

    public struct LogEntry: Sendable {
        public let endpoint: Endpoint
        /// Whether the body was JSON.
        public let isJSON: Bool
        public let form: [String: String]
        /// Each `resource` of the form, in order.
        public let resources: [String]
        /// The scheme of the Authorization header, if there was one.
        public let authorization: String?
    }

    /// The next requests to the endpoint meet these faults, one each.
    public func enqueue(_ endpoint: Endpoint, _ faults: Fault...) {
        state.withLock { $0.faults[endpoint, default: []] += faults }
    }

    /// Every request to the endpoint meets this fault until it is set to nil.
    public func always(_ endpoint: Endpoint, _ fault: Fault?) {
        state.withLock { $0.standingFaults[endpoint] = fault }
    }

    public var log: [LogEntry] { state.withLock { $0.log } }

    public var refreshCount: Int { log.count { ($0.form["grant_type"] ?? $0.form["grantType"]) == "refresh_token" } }

    /// Every refresh token ever issued.
    /// Every access token that was issued with OAuth.
    public var accessTokens: [String] { state.withLock { $0.accessTokens } }

    public var refreshTokens: [String] { state.withLock { Array($0.refreshTokens.keys) } }

    public var liveRefreshTokens: [String] {
        state.withLock { state in state.refreshTokens.filter(\.value.isLive).map(\.key) }
    }

    /// What the person does. False when no such code waits.
    @discardableResult
    public func approve(_ userCode: String) -> Bool { state.withLock { $0.decide(userCode, .approved) } }

    @discardableResult
    public func deny(_ userCode: String) -> Bool { state.withLock { $0.decide(userCode, .denied) } }
}
