/// The reply of `GET /v1/sinks`.
public struct SinkList: Codable, Equatable, Sendable {
    public var sinks: [SinkStatus]

    public init(sinks: [SinkStatus]) { self.sinks = sinks }
}

/// The state of one sink: a file that always holds a valid token. Also the reply of `POST /v1/sinks`.
public struct SinkStatus: Codable, Equatable, Sendable {
    public var path: String
    public var account: AccountName
    public var what: SinkContentKind
    public var state: State
    /// The file, and the line where known, that declares the sink.
    public var source: String
    /// The expiry of the token in the file, in seconds since 1970; absent if it does not expire, or without a file.
    public var expiresAt: Int?
    /// What is wrong; absent if nothing is.
    public var detail: String?
    /// The remedy, usually a command.
    public var hint: String?

    public enum State: String, Codable, CaseIterable, Sendable {
        /// The file holds a token with `min_valid` left, or as much as the provider's tokens ever have.
        case ok
        /// The file holds a token with less than `min_valid` left: it cannot be renewed at the moment.
        case stale
        /// The file is absent: the agent has no token for it.
        case waiting
        /// The file cannot be written.
        case failed
        /// Another declaration of the same path is in force.
        case shadowed
    }

    public init(
        path: String, account: AccountName, what: SinkContentKind, state: State, source: String, expiresAt: Int? = nil,
        detail: String? = nil, hint: String? = nil
    ) {
        self.path = path
        self.account = account
        self.what = what
        self.state = state
        self.source = source
        self.expiresAt = expiresAt
        self.detail = detail
        self.hint = hint
    }

    enum CodingKeys: String, CodingKey {
        case path, account, what, state, source, detail, hint
        case expiresAt = "expires_at"
    }
}

/// The reply of `DELETE /v1/sinks`.
public struct SinkRemoval: Codable, Equatable, Sendable {
    public var path: String
    /// Whether the token's file is gone; false if its file system has not answered yet.
    public var removed: Bool

    public init(path: String, removed: Bool) {
        self.path = path
        self.removed = removed
    }
}
