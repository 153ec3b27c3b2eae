public import AgentAPI
public import SecretMemory

/// The port to a store that the agent itself encrypts, with a key from outside. `SealedStore` is the real one.
public protocol KeyedStore: CredentialStore {
    /// Returns the store's state, as `probe` does, with the key's source and the number of records.
    func describe() async -> KeyedStoreDescription
    /// Creates the store; it can be used at once.
    func initialize(with key: StoreKeyChoice) async throws(KeyedStoreFailure)
    /// Replaces the store's key. The records are not encrypted anew: the earlier key with an old copy of the header still
    /// opens them.
    func rekey(with key: StoreKeyChoice) async throws(KeyedStoreFailure)
    /// Opens a store with a passphrase. The delay grows with each wrong one, and delays no other call.
    func unlock(with passphrase: SecretBytes) async throws(KeyedStoreFailure)
    /// Forgets the key. A store with a passphrase is locked from then on.
    func close() async
}

/// Where a store's key comes from.
public enum StoreKeyChoice: Sendable, Equatable {
    /// systemd's credential `authagent-key`.
    case credential
    /// An absolute path.
    case file(String)
    case passphrase(SecretBytes)
}

public struct KeyedStoreDescription: Equatable, Sendable {
    public var status: StoreStatus
    /// `nil` if the store was never created, or its header cannot be read.
    public var keySource: StoreKeySource?
    public var keyFile: String?
    public var directory: String
    public var records: Int

    public init(
        status: StoreStatus, keySource: StoreKeySource?, keyFile: String?, directory: String, records: Int
    ) {
        self.status = status
        self.keySource = keySource
        self.keyFile = keyFile
        self.directory = directory
        self.records = records
    }
}

/// Why a keyed store did not do its task.
public enum KeyedStoreFailure: Error, Equatable, Sendable {
    case store(StoreFailure)
    case wrongPassphrase(detail: String, hint: String)
    /// An earlier passphrase is still being checked.
    case busy(detail: String, hint: String)
    /// Not possible in this way, or with this store.
    case refused(detail: String, hint: String)
}
