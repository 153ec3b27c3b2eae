import NIOCore
import NIOPosix
import Synchronization

/// A small OAuth 2.0 authorization server on loopback, for the quickstart and for tests that need faults.
///
/// Device authorization grant (RFC 8628), authorization code (RFC 6749 §4.1) and CIBA if configured, refresh (RFC 6749
/// §6), revocation (RFC 7009), metadata (RFC 8414 and OpenID Connect Discovery), and approval pages. It keeps its state
/// in memory and trusts anyone who approves.
public final class DemoIssuer: Sendable {
    /// `http://127.0.0.1:PORT` unless configured.
    public let issuer: String
    public let port: Int
    let configuration: Configuration
    let state: Mutex<IssuerState>
    private let group: MultiThreadedEventLoopGroup
    private let channel: any Channel

    private init(
        configuration: Configuration, group: MultiThreadedEventLoopGroup, channel: any Channel, port: Int,
        box: HandlerBox
    ) {
        issuer = configuration.publicURL ?? "http://127.0.0.1:\(port)"
        self.port = port
        self.configuration = configuration
        self.group = group
        self.channel = channel
        state = Mutex(IssuerState(configuration))
        box.handler.withLock { $0 = { [weak self] in await self?.respond(to: $0) ?? .drop } }
    }

    /// Breaks the reference cycle between the server, which needs a handler, and the issuer, which needs the port.
    final class HandlerBox: Sendable {
        let handler = Mutex<@Sendable (IssuerRequest) async -> IssuerReply>({ _ in .drop })
    }

    /// Listens on 127.0.0.1; port 0 takes a free one.
    public static func start(_ configuration: Configuration = Configuration(), port: Int = 0) async throws -> DemoIssuer
    {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let box = HandlerBox()
        let channel = try await HTTPListener.bind(port: port, on: group) { request in
            await box.handler.withLock { $0 }(request)
        }
        let port = channel.localAddress?.port ?? 0
        return DemoIssuer(configuration: configuration, group: group, channel: channel, port: port, box: box)
    }

    public func shutdown() async throws {
        try await channel.close()
        try await group.shutdownGracefully()
    }
}

extension DemoIssuer {
    public struct Configuration: Sendable {
        public var rotation = Rotation.none
        /// In seconds.
        public var accessTokenLifetime = 3600
        /// Lifetime of a login's first access token; `nil`: the same as after refreshes.
        public var firstAccessTokenLifetime: Int?
        public var issuesRefreshToken = true
        /// A suffix of each refresh token.
        public var endOfRefreshTokens = ""
        /// Seconds between polls; with `enforcesInterval`, faster polls get `slow_down`.
        public var interval = 1
        public var enforcesInterval = false
        public var deviceCodeLifetime = 600
        /// Approves each code at once.
        public var approvesAlone = false
        /// The secret of the client `server`; every other client is public.
        public var clientSecret = "s3cret"
        public var authMethods = ["none", "client_secret_basic", "client_secret_post"]
        /// Whether the client `server` must sign assertions instead of sending its secret.
        public var requiresAssertions = false
        /// The public keys of the client `server` (RFC 7517 §5).
        public var clientKeySet = "{}"
        /// `nil` leaves the member out.
        public var assertionAlgorithms: [String]?
        /// Whether a device authorization request must use PKCE (RFC 7636).
        public var requiresProofKey = false
        /// The user who approves codes.
        public var subject = "ann"
        /// In seconds.
        public var idTokenLifetime = 300
        /// Whether a refresh returns a new ID token (optional by OpenID Connect Core 1.0 §12.2).
        public var renewsIDTokens = true
        /// `nil`: no dynamic registration.
        public var registration: Registration?
        /// `nil`: the issuer speaks OAuth.
        public var aws: AWSRules?
        /// `nil`: the issuer follows the RFCs.
        public var descope: DescopeRules?
        /// Resources that are refused with `invalid_target` (RFC 8707 §2).
        public var unknownResources: Set<String> = []
        /// The refresh token's lifetime in seconds, as claimed in replies; it is not enforced.
        public var refreshTokenLifetime: Int?
        /// The URL for clients, if a proxy is in front.
        public var publicURL: String?
        /// `nil`: no authorization code grant.
        public var code: CodeRules?
        /// `nil`: no CIBA.
        public var ciba: CIBARules?
        /// `nil`: no grants without a person.
        public var machines: MachineRules?
        public var authentication = AuthenticationRules()
        public var hasDevice = true
        /// The types of `authorization_details`; `nil`: the issuer knows none (RFC 9396 §10).
        public var detailTypes: [String]?
        /// The `authorization_details` of token replies.
        public var grantedDetails = ReplyValue.right
        /// Whether /control exists, for tests in other processes.
        public var hasControl = false

        public init() {}
    }

    /// The effect of using a refresh token.
    public enum Rotation: String, CaseIterable, Sendable {
        /// It stays valid.
        case none
        /// A new one is issued, and the old one stays valid.
        case oldAccepted = "old-accepted"
        /// A new one is issued, and the old one is invalid.
        case oneUse = "one-use"
        /// As `oneUse`; reusing an old one revokes all its successors (RFC 9700 §4.14.2).
        case oneUseWithFamily = "one-use-family"
    }

    public enum Endpoint: String, CaseIterable, Sendable {
        case metadata, device, token, revocation, keys, registration, authorization, pushed, backchannel
    }
}
