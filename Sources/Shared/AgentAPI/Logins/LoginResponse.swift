/// The body of `POST /v1/accounts/{account}/login/response`: what the authorization server sent the browser back with
/// (RFC 6749 §4.1.2).
public struct LoginResponse: Codable, Equatable, Sendable {
    /// The whole address to which the browser was sent, or its query; at most 64 KiB.
    public var response: String
    /// Whether a code may come without its `state`. Without this, a response without `state` is refused.
    public var bareCode: Bool?

    /// The longest response, in bytes.
    public static let longest = 64 * 1024

    public init(response: String, bareCode: Bool? = nil) {
        self.response = response
        self.bareCode = bareCode
    }

    enum CodingKeys: String, CodingKey {
        case response
        case bareCode = "bare_code"
    }
}

/// The reply of `POST /v1/accounts/{account}/login/response`. A response that is not accepted leaves the login pending.
public struct LoginResponseReply: Codable, Equatable, Sendable {
    public var account: AccountName
    /// Whether this was the answer that the login waited for. An error of the provider is one too, and ends the login.
    public var accepted: Bool
    /// Why the response is not accepted, or what it said, for the user.
    public var detail: String?

    public init(account: AccountName, accepted: Bool, detail: String? = nil) {
        self.account = account
        self.accepted = accepted
        self.detail = detail
    }
}
