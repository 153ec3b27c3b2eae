/// The report of a token that a service has refused, as the server has read it.
public struct RejectedToken: Hashable, Sendable {
    /// The request that gets the refused token.
    public var request: TokenRequest
    /// The SHA-256 digest of its bytes; `nil` if the client does not know it.
    public var digest: [UInt8]?
    /// The values of the refusal's fields `WWW-Authenticate`; `nil` without one.
    public var challenge: String?
    /// Whether the caller may have tokens of elevated logins.
    public var mayBeElevated: Bool

    public init(
        _ request: TokenRequest, digest: [UInt8]? = nil, challenge: String? = nil, mayBeElevated: Bool = true
    ) {
        self.request = request
        self.digest = digest
        self.challenge = challenge
        self.mayBeElevated = mayBeElevated
    }

    /// The longest challenge, in bytes.
    public static let longestChallenge = 16 * 1024
}
