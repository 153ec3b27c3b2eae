/// The body of `POST /v1/store`.
public struct StoreRequest: Codable, Equatable, Sendable {
    public var operation: Operation
    /// For `init` and `rekey`; absent for the systemd credential, if there is one.
    public var keySource: StoreKeySource?
    /// Absolute, for the key source `file`.
    public var keyFile: String?
    /// For the key source `passphrase`.
    public var passphrase: String?
    /// For `migrate`: `keyring` or `sealed`.
    public var target: String?

    public enum Operation: String, Codable, CaseIterable, Sendable {
        case initialize = "init"
        case rekey
        case migrate
    }

    public init(
        _ operation: Operation, keySource: StoreKeySource? = nil, keyFile: String? = nil, passphrase: String? = nil,
        target: String? = nil
    ) {
        self.operation = operation
        self.keySource = keySource
        self.keyFile = keyFile
        self.passphrase = passphrase
        self.target = target
    }

    enum CodingKeys: String, CodingKey {
        case operation
        case keySource = "key_source"
        case keyFile = "key_file"
        case passphrase, target
    }
}

/// The reply of `POST /v1/store`.
public struct StoreReply: Codable, Equatable, Sendable {
    /// The store after the change; for `migrate`, the target.
    public var store: StoreDescription
    /// The result for each account of `migrate`.
    public var moved: [MovedAccount]?

    public init(store: StoreDescription, moved: [MovedAccount]? = nil) {
        self.store = store
        self.moved = moved
    }
}

/// The result of `migrate` for one account. An account that did not move stays in its old store, unchanged.
public struct MovedAccount: Codable, Equatable, Sendable {
    public var account: AccountName
    public var moved: Bool
    /// Why the account did not move, or which step is incomplete.
    public var reason: String?

    public init(account: AccountName, moved: Bool, reason: String? = nil) {
        self.account = account
        self.moved = moved
        self.reason = reason
    }
}
