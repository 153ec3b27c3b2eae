internal import Formats
public import SecretMemory

/// Credentials of a role at AWS, which end by themselves.
public struct RoleCredentials: Sendable, Equatable {
    public let accessKeyID: String
    public let secretAccessKey: SecretBytes
    public let sessionToken: SecretBytes
    /// By AWS's clock, in seconds since 1970.
    public let expiresAt: Int
    /// By AWS's clock, in seconds since 1970; `nil` if the reply has no usable `Date`.
    public let issuedAt: Int?

    /// Real session tokens have some 1,500 bytes.
    static let longest = 16 * 1024
    /// The last second that RFC 3339 can write.
    private static let latest = 253_402_300_799

    public init(
        accessKeyID: String, secretAccessKey: SecretBytes, sessionToken: SecretBytes, expiresAt: Int, issuedAt: Int?
    ) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiresAt = expiresAt
        self.issuedAt = issuedAt
    }

    /// `nil` unless all members are there and are visible ASCII: programs copy them into header fields.
    init?(key: String?, secret: String?, token: String?, expiresAt: Int?, of response: HTTPResponse) {
        guard let key, let secret, let token, let expiresAt, (1...Self.latest).contains(expiresAt),
            (16...128).contains(key.utf8.count)
        else { return nil }
        for text in [key, secret, token] {
            guard (1...Self.longest).contains(text.utf8.count), text.utf8.allSatisfy(\.isVisible) else { return nil }
        }
        self.init(
            accessKeyID: key, secretAccessKey: SecretBytes(secret), sessionToken: SecretBytes(token),
            expiresAt: expiresAt, issuedAt: response.header("Date").flatMap(IMFDate.seconds))
    }
}

/// Why AWS gives no credentials of a role. Texts are for the user.
public enum RoleFailure: Error, Sendable, Equatable {
    /// The token that the request had is refused.
    case tokenRefused(String)
    /// The role is refused: it does not exist, is not assigned, or does not trust the token's issuer.
    case roleRefused(String)
    /// Too many requests, or a fault of the service: a later attempt may succeed.
    case busy(String, retryAfter: Duration?)
    case unreachable(TransportFailure)
    /// Neither credentials nor an error of AWS: a proxy, or another service at that address.
    case unreadable(String)

    /// The service's own words, or what is wrong with its reply.
    public var detail: String {
        switch self {
        case .tokenRefused(let detail), .roleRefused(let detail), .busy(let detail, _), .unreadable(let detail): detail
        case .unreachable(let failure): failure.description
        }
    }
}
