import Synchronization

/// How the issuer answers the authorization code grant, CIBA, and requests that say how a person is to log in.
extension DemoIssuer {
    /// A member of a reply that can be wrong.
    public enum ReplyValue: Sendable, Equatable {
        case right, absent
        case other(String)

        func value(_ right: String?) -> String? {
            switch self {
            case .right: right
            case .absent: nil
            case .other(let other): other
            }
        }
    }

    /// RFC 6749 §4.1 with PKCE (RFC 7636), and pushed requests (RFC 9126).
    public struct CodeRules: Sendable {
        public enum Pushed: Sendable { case none, offered, required }

        /// The redirect URIs of clients that are not registered dynamically; `nil`: any loopback address.
        public var redirectURIs: Set<String>?
        /// Whether the port of a loopback address may differ from the redirect URI's (RFC 8252 §7.3).
        public var hasVariablePort = true
        /// `nil`: the issuer does not know PKCE.
        public var challengeMethods: [String]? = ["S256"]
        /// In seconds.
        public var codeLifetime = 60
        /// Whether a code used twice revokes the tokens that it gave (RFC 6749 §4.1.2).
        public var revokesOnReuse = true
        public var pushed = Pushed.offered
        /// In seconds.
        public var pushedLifetime = 60
        /// What the metadata says of `iss` in responses; `nil` leaves the member out (RFC 9207 §3).
        public var claimsIssuer: Bool? = true
        public var issuerInResponse = ReplyValue.right
        /// The nonce of ID tokens.
        public var nonce = ReplyValue.right
        /// The error with which each request is answered.
        public var error: String?
        public var errorDescription: String?

        public init() {}
    }

    /// Client-Initiated Backchannel Authentication, in poll mode.
    public struct CIBARules: Sendable {
        /// The hints that name the person; `nil`: the subject and its email address.
        public var hints: Set<String>?
        /// The code that the person has told the issuer, and that requests must contain.
        public var userCode: String?
        /// The longest binding message.
        public var longestMessage = 256
        /// Seconds between polls; `nil` leaves the member out.
        public var interval: Int? = 1
        /// In seconds.
        public var lifetime = 120
        public var deliveryModes = ["poll"]
        public var issuesIDToken = true

        public init() {}
    }

    /// How the person authenticates: `acr` and `auth_time` of ID tokens.
    public struct AuthenticationRules: Sendable {
        /// The values of `acr` that a request can have; without `acr_values` the first applies.
        public var levels: [String] = []
        /// How long ago the person has authenticated, in seconds, unless a request has a shorter `max_age`.
        public var sessionAge = 0
        /// Whether `acr_values` and `max_age` have no effect.
        public var ignoresRequests = false
        public var hasAuthTime = true
        /// Whether a request whose `acr_values` are all unknown is refused (RFC 9470 §5).
        public var refusesUnmet = false

        public init() {}
    }

    public func changeCode(_ change: (inout CodeRules) -> Void) {
        state.withLock { state in
            guard var rules = state.code else { return }
            change(&rules)
            state.code = rules
        }
    }

    public func changeCIBA(_ change: (inout CIBARules) -> Void) {
        state.withLock { state in
            guard var rules = state.ciba else { return }
            change(&rules)
            state.ciba = rules
        }
    }

    public func changeAuthentication(_ change: (inout AuthenticationRules) -> Void) {
        state.withLock { change(&$0.authentication) }
    }

    /// Changes the `authorization_details` of token replies.
    public func changeDetails(_ granted: ReplyValue) { state.withLock { $0.grantedDetails = granted } }
}
