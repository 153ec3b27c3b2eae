/// The parameters of `GET /v1/accounts/{account}/token` and `GET /v1/token`, apart from the account.
public struct TokenRequest: Hashable, Sendable {
    /// The minimum remaining lifetime in seconds, if the provider's tokens live that long.
    public var minimumValidity: Int
    /// Whether the reply includes the login's ID token.
    public var includesIDToken: Bool
    /// `nil` for the login's own token.
    public var target: TokenTarget?
    /// Seconds after which the answer is `timeout`, while the refresh continues; 0 does not wait at all; `nil` for the
    /// agent's own limit.
    public var wait: Int?
    /// Waits for a token that expires later than this, in seconds since 1970; `nil` for the current one.
    public var newerThan: Int?
    /// The authentication contexts of which the token's login must have one; empty for the account's usual login.
    public var acrValues: [String] = []

    public init(
        minimumValidity: Int = Limits.defaultMinimumValidity, includesIDToken: Bool = false,
        target: TokenTarget? = nil, wait: Int? = nil, newerThan: Int? = nil
    ) {
        self.minimumValidity = minimumValidity
        self.includesIDToken = includesIDToken
        self.target = target
        self.wait = wait
        self.newerThan = newerThan
    }

    /// The request's query.
    public var query: String {
        var pairs = ["min_valid=\(minimumValidity)"]
        if includesIDToken { pairs.append("id_token=true") }
        if let wait { pairs.append("wait=\(wait)") }
        if let newerThan { pairs.append("newer_than=\(newerThan)") }
        if !acrValues.isEmpty { pairs.append("acr=" + Self.encoded(acrValues.joined(separator: " "))) }
        if let target {
            if !target.scopes.isEmpty { pairs.append("scope=" + Self.encoded(target.scopes.joined(separator: " "))) }
            pairs += target.resources.map { "resource=" + Self.encoded($0) }
            if let audience = target.audience { pairs.append("audience=" + Self.encoded(audience)) }
            if let details = target.authorizationDetails {
                pairs.append("authorization_details=" + Self.encoded(details))
            }
        }
        return pairs.joined(separator: "&")
    }

    /// Percent-encodes everything except the unreserved characters (RFC 3986 §2.3). A form encodes others, and AgentAPI
    /// imports no module.
    package static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
