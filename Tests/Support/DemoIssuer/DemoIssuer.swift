import NIOCore
import NIOPosix
import Synchronization

/// A small OAuth 2.0 authorization server on loopback: the demo of the quickstart, and the issuer that misbehaves on
/// command in the tests.
///
/// Device authorization grant (RFC 8628), refresh (RFC 6749 §6), revocation (RFC 7009), metadata (RFC 8414 and OpenID
/// Connect Discovery), and an approval page for a person. It keeps everything in memory and trusts whoever approves.
public final class DemoIssuer: Sendable {
    /// `http://127.0.0.1:PORT`, unless it is configured.
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

    /// Breaks the circle between the server, which needs somebody to ask, and the issuer, which needs to know its port.
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
        /// Seconds.
        public var accessTokenLifetime = 3600
        /// Of the access token that comes with a login, if it lives shorter or longer than those of refreshes.
        public var firstAccessTokenLifetime: Int?
        public var issuesRefreshToken = true
        /// What each refresh token ends in.
        public var endOfRefreshTokens = ""
        /// Seconds between polls; faster ones are answered `slow_down` when `enforcesInterval` is set.
        public var interval = 1
        public var enforcesInterval = false
        public var deviceCodeLifetime = 600
        /// Approves each code as soon as it is made.
        public var approvesAlone = false
        /// The secret of the client `server`; every other client is public.
        public var clientSecret = "s3cret"
        public var authMethods = ["none", "client_secret_basic", "client_secret_post"]
        /// Whether the client `server` has to sign assertions instead of sending its secret.
        public var requiresAssertions = false
        /// The public keys of the client `server` (RFC 7517 §5).
        public var clientKeySet = "{}"
        /// Nil: not said.
        public var assertionAlgorithms: [String]?
        /// Whether a device authorization request needs a proof key (RFC 7636).
        public var requiresProofKey = false
        /// Who approves codes.
        public var subject = "ann"
        /// Seconds.
        public var idTokenLifetime = 300
        /// Whether a refresh brings a new ID token (OpenID Connect Core 1.0 §12.2 leaves that open).
        public var renewsIDTokens = true
        /// Nil: clients cannot register.
        public var registration: Registration?
        /// Nil: the issuer speaks OAuth.
        public var aws: AWSRules?
        /// Nil: the issuer answers as the RFCs have it.
        public var descope: DescopeRules?
        /// Resources that are answered with `invalid_target` (RFC 8707 §2).
        public var unknownResources: Set<String> = []
        /// Seconds that a refresh token lives, as the replies tell; the issuer itself keeps it for ever.
        public var refreshTokenLifetime: Int?
        /// How others reach it, if something stands in front of it.
        public var publicURL: String?
        /// Whether /control is there, for tests of other processes.
        public var hasControl = false

        public init() {}
    }

    /// What happens to a refresh token when it is used.
    public enum Rotation: String, CaseIterable, Sendable {
        /// It stays.
        case none
        /// There is a new one, and the old one goes on working.
        case oldAccepted = "old-accepted"
        /// There is a new one, and the old one is dead.
        case oneUse = "one-use"
        /// As `oneUse`; and who uses a dead one kills all its successors (RFC 9700 §4.14.2).
        case oneUseWithFamily = "one-use-family"
    }

    public enum Endpoint: String, CaseIterable, Sendable {
        case metadata, device, token, revocation, keys, registration
    }
}
