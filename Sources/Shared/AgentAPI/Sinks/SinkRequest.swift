/// The body of `POST /v1/sinks`: the keys of a `[[sink]]` in authagent.toml.
public struct SinkRequest: Codable, Equatable, Sendable {
    public var account: AccountName
    /// Absolute; `nil` for a file with the account's name in the agent's runtime directory.
    public var path: String?
    /// `access_token` if absent.
    public var what: SinkContentKind?
    /// The name of the variable, for `env`.
    public var variable: String?
    public var scopes: [String]?
    public var audience: String?
    /// In octal, such as `0640`; `0600` if absent.
    public var mode: String?
    public var group: String?
    /// Whether the file ends with a line feed.
    public var newline: Bool?
    /// The program to run after a change, with its arguments.
    public var onChange: [String]?
    /// In seconds; 300 if absent.
    public var minimumValidity: Int?
    /// Whether a second file with the suffix `.meta` has the account and the expiry.
    public var meta: Bool?

    public init(account: AccountName) { self.account = account }

    enum CodingKeys: String, CodingKey {
        case account, path, what, variable, scopes, audience, mode, group, newline, meta
        case onChange = "on_change"
        case minimumValidity = "min_valid"
    }
}

/// What a sink's file holds.
public enum SinkContentKind: String, Codable, CaseIterable, Sendable {
    case accessToken = "access_token"
    case idToken = "id_token"
    /// A header line: `Authorization: Bearer …`.
    case header
    /// An assignment: `VARIABLE=…`.
    case env
    /// The members of a token reply that stay true while the file does.
    case json
}
