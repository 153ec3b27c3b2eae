public import AgentAPI
public import SecretMemory

/// The port through which credentials become durable. `KeyringStore` and `SealedStore` are the real ones.
///
/// A store sees opaque bytes: only this module reads what a record contains.
public protocol CredentialStore: Sendable {
    /// Returns the store's state, without changing or activating anything.
    func probe() async -> StoreStatus
    /// Returns every record of this application.
    func loadAll() async throws(StoreFailure) -> [StoredRecord]
    /// Writes one record, replacing the one with the same key, in one atomic step. It is durable on return.
    func save(_ record: StoredRecord) async throws(StoreFailure)
    /// Returns the record with that key.
    func load(_ key: RecordKey) async throws(StoreFailure) -> StoredRecord?
    /// Fails when `save` would, as far as can be known without writing.
    func prepareToSave() async throws(StoreFailure)
    /// Removes a record; one that does not exist is not a failure.
    func remove(_ key: RecordKey) async throws(StoreFailure)
}

extension CredentialStore {
    public func load(_ key: RecordKey) async throws(StoreFailure) -> StoredRecord? {
        try await loadAll().first { $0.key == key }
    }

    public func prepareToSave() async throws(StoreFailure) {
        let status = await probe()
        guard status.state == .ok else { throw StoreFailure(status) }
    }
}

/// The key of a record in a store.
public struct RecordKey: Hashable, Sendable {
    public enum Purpose: Hashable, Sendable {
        /// The account's credential.
        case login
        /// A refresh token that is logged out here but not yet revoked at the provider; the text is a unique ID.
        case revocation(String)
    }

    public var account: AccountName
    public var purpose: Purpose

    public init(account: AccountName, purpose: Purpose) {
        self.account = account
        self.purpose = purpose
    }
}

public struct StoredRecord: Sendable {
    public var key: RecordKey
    /// Not secret: stores show it beside the account's name.
    public var issuer: String
    public var secret: SecretBytes
    /// Why this record alone could not be read; `secret` is empty then. No login ends because of it.
    public var problem: StoreFailure?

    public init(key: RecordKey, issuer: String, secret: SecretBytes, problem: StoreFailure? = nil) {
        self.key = key
        self.issuer = issuer
        self.secret = secret
        self.problem = problem
    }
}

public struct StoreStatus: Equatable, Sendable {
    public var state: StoreState
    /// Text for the user; `nil` if the state is `ok`.
    public var detail: String?
    /// The command that repairs it; `nil` if the state alone names it.
    public var hint: String?
    /// Whether the keyring has a default collection; `nil` if it is another store, or that is not known.
    public var hasCollection: Bool?
    /// The program that provides the keyring; `nil` if it is another store, or that is not known.
    public var program: String?
    /// The label of an item that the keyring keeps locked although it is open: a store that is `ok` for others.
    public var item: String?

    public init(
        _ state: StoreState, detail: String? = nil, hint: String? = nil, hasCollection: Bool? = nil,
        program: String? = nil, item: String? = nil
    ) {
        self.state = state
        self.detail = detail
        self.hint = hint
        self.hasCollection = hasCollection
        self.program = program
        self.item = item
    }

    public init(_ failure: StoreFailure) {
        self.init(
            failure.state, detail: failure.detail, hint: failure.hint, hasCollection: failure.hasCollection,
            program: failure.program, item: failure.item)
    }
}

/// Why a store did not do its task; `state` is never `ok`.
public struct StoreFailure: Error, Equatable, Sendable {
    public var state: StoreState
    public var detail: String
    /// The command that repairs it; `nil` if the state alone names it.
    public var hint: String?
    /// Whether the keyring has a default collection; `nil` if it is another store, or that is not known.
    public var hasCollection: Bool?
    /// The program that provides the keyring; `nil` if it is another store, or that is not known.
    public var program: String?
    /// The label of the item that the keyring keeps locked, or has not deleted.
    public var item: String?

    public init(
        _ state: StoreState, _ detail: String, hint: String? = nil, hasCollection: Bool? = nil,
        program: String? = nil, item: String? = nil
    ) {
        self.state = state
        self.detail = detail
        self.hint = hint
        self.hasCollection = hasCollection
        self.program = program
        self.item = item
    }

    public init(_ status: StoreStatus) {
        self.init(
            status.state, status.detail ?? "the store cannot be used", hint: status.hint,
            hasCollection: status.hasCollection, program: status.program, item: status.item)
    }

    /// The keyring is open, but its program keeps this item from the agent.
    public static func lockedItem(_ label: String, program: String?) -> StoreFailure {
        StoreFailure(
            .locked, "the keyring keeps the item '\(label)' locked for authagent", program: program, item: label)
    }

    /// Its own hint: it can come from any store, and the keyring's repair would be wrong.
    static let notReadBack = StoreFailure(
        .failed, "the store does not return what was written to it",
        hint: "run 'authagent store status' to see how it is; the agent goes on with what it has, and tries again"
    )
}
