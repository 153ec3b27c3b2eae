/// The reply of `GET /v1/url`: which account has a URL, and why.
public struct URLReply: Codable, Equatable, Sendable {
    public var account: AccountName
    /// The prefix of the account's file that decided, normalised.
    public var url: String
    /// The path of that file; absent for callers other than the agent's owner and root.
    public var file: String?
    public var gitUsername: String?
    public var registryUsername: String?
    /// Why it is this account, as text.
    public var reason: String

    public init(
        account: AccountName, url: String, file: String? = nil, gitUsername: String? = nil,
        registryUsername: String? = nil, reason: String
    ) {
        self.account = account
        self.url = url
        self.file = file
        self.gitUsername = gitUsername
        self.registryUsername = registryUsername
        self.reason = reason
    }

    enum CodingKeys: String, CodingKey {
        case account, url, file, reason
        case gitUsername = "git_username"
        case registryUsername = "registry_username"
    }

    /// Returns the query of `GET /v1/url`, and the first parameters of `GET /v1/token`.
    public static func query(of url: String, username: String?) -> String {
        let name = username.map { "&username=" + TokenRequest.encoded($0) } ?? ""
        return "url=" + TokenRequest.encoded(url) + name
    }
}
