/// The reply of `GET /v1/store`: every store that keeps something on this machine.
public struct StoreReport: Codable, Equatable, Sendable {
    public var stores: [StoreDescription]

    public init(stores: [StoreDescription]) { self.stores = stores }
}

public struct StoreDescription: Codable, Equatable, Sendable {
    /// `keyring` or `sealed`.
    public var store: String
    public var state: StoreState
    /// What the state means and the command that repairs it; absent when the store is `ok`.
    public var detail: String?
    public var hint: String?
    /// How many accounts of this machine are set to it.
    public var accounts: Int
    /// What follows is of the sealed store alone, once it was made.
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

/// What the sealed store's key is made from.
public enum StoreKeySource: String, Codable, CaseIterable, Sendable {
    /// The systemd credential `authagent-key`.
    case credential
    case file
    case passphrase
}
