public import AgentAPI
public import SecretMemory

/// The port to a store that the agent itself encrypts, with a key that somebody has to give. `SealedStore` is the real
/// one.
public protocol KeyedStore: CredentialStore {
    /// As `probe`, with what there is to know about the key and the records.
    func describe() async -> KeyedStoreDescription
    /// Makes the store; it can be used at once.
    func initialize(with key: StoreKeyChoice) async throws(KeyedStoreFailure)
    /// Puts another key in the place of the store's. The records stay as they are, for the earlier key as well if somebody
    /// has kept what it opens.
    func rekey(with key: StoreKeyChoice) async throws(KeyedStoreFailure)
    /// Opens a store that is kept by a passphrase. Waits longer after each wrong one, and nobody else waits for that.
    func unlock(with passphrase: SecretBytes) async throws(KeyedStoreFailure)
    /// Forgets the key. A store that is kept by a passphrase is locked from then on.
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
    /// Nil when the store was never made, or its header cannot be read.
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

/// Why a keyed store did not do what it was asked.
public enum KeyedStoreFailure: Error, Equatable, Sendable {
    case store(StoreFailure)
    case wrongPassphrase(detail: String, hint: String)
    /// An earlier passphrase is still being checked.
    case busy(detail: String, hint: String)
    /// It cannot be done in this way, or not with this store.
    case refused(detail: String, hint: String)
}
