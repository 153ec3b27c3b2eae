import Synchronization

/// Faults that tests inject, and the requests they can inspect.
extension DemoIssuer {
    public enum Fault: Sendable {
        /// Sends this reply instead; the state does not change.
        case reply(status: Int, contentType: String = "application/json", body: String, headers: [String: String] = [:])
        /// Closes the connection; the state does not change.
        case drop
        /// Executes the request, then closes the connection without a reply.
        case dropAfterCommit
        /// Waits for the closure, then continues normally.
        case wait(@Sendable () async -> Void)
    }

    public struct LogEntry: Sendable {
        public let endpoint: Endpoint
        /// Whether the body was JSON.
        public let isJSON: Bool
        public let form: [String: String]
        /// Every `resource` of the form, in order.
        public let resources: [String]
        /// The scheme of the Authorization header; `nil` if there was none.
        public let authorization: String?
    }

    /// Injects these faults into the next requests to the endpoint, one each.
    public func enqueue(_ endpoint: Endpoint, _ faults: Fault...) {
        state.withLock { $0.faults[endpoint, default: []] += faults }
    }

    /// Injects this fault into every request to the endpoint; `nil` ends it.
    public func always(_ endpoint: Endpoint, _ fault: Fault?) {
        state.withLock { $0.standingFaults[endpoint] = fault }
    }

    public var log: [LogEntry] { state.withLock { $0.log } }

    public var refreshCount: Int { log.count { ($0.form["grant_type"] ?? $0.form["grantType"]) == "refresh_token" } }

    /// Every access token issued by the OAuth endpoints.
    public var accessTokens: [String] { state.withLock { $0.accessTokens } }

    /// Every refresh token ever issued.
    public var refreshTokens: [String] { state.withLock { Array($0.refreshTokens.keys) } }

    public var liveRefreshTokens: [String] {
        state.withLock { state in state.refreshTokens.filter(\.value.isLive).map(\.key) }
    }

    /// The user's decision; false if no such code is pending.
    @discardableResult
    public func approve(_ userCode: String) -> Bool { state.withLock { $0.decide(userCode, .approved) } }

    @discardableResult
    public func deny(_ userCode: String) -> Bool { state.withLock { $0.decide(userCode, .denied) } }
}
