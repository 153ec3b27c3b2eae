/// The reply of `GET /v1/store`: the stores of this machine.
public struct StoreReport: Codable, Equatable, Sendable {
    public var stores: [StoreDescription]

    public init(stores: [StoreDescription]) { self.stores = stores }
}

public struct StoreDescription: Codable, Equatable, Sendable {
    /// `keyring` or `sealed`.
    public var store: String
    public var state: StoreState
    /// What the state means; absent if the store is `ok`.
    public var detail: String?
    public var hint: String?
    /// The number of accounts that use the store.
    public var accounts: Int
    /// This and the members below are for an initialised sealed store only.
    public var keySource: StoreKeySource?
    public var keyFile: String?
    public var directory: String?
    public var records: Int?

    public init(
        store: String, state: StoreState, detail: String? = nil, hint: String? = nil, accounts: Int,
        keySource: StoreKeySource? = nil, keyFile: String? = nil, directory: String? = nil, records: Int? = nil
    ) {
        self.store = store
        self.state = state
        self.detail = detail
        self.hint = hint
        self.accounts = accounts
        self.keySource = keySource
        self.keyFile = keyFile
        self.directory = directory
        self.records = records
    }

    enum CodingKeys: String, CodingKey {
        case store, state, detail, hint, accounts, directory, records
        case keySource = "key_source"
        case keyFile = "key_file"
    }
}

/// The source of the sealed store's key.
public enum StoreKeySource: String, Codable, CaseIterable, Sendable {
    /// The systemd credential `authagent-key`.
    case credential
    case file
    case passphrase
}
