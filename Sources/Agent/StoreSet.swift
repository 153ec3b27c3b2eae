internal import Accounts
public import Vault

/// The stores that an account may choose from, each with the reader that shares reads among accounts.
public struct StoreSet: Sendable {
    struct Entry: Sendable {
        let store: any CredentialStore
        let reader: StoreReader
        /// Nil for a store that keeps nothing anyway.
        let journal: (any RotationJournal)?
    }

    private let keyring: Entry
    private let memory: Entry

    public init(
        keyring: any CredentialStore, memory: any CredentialStore = MemoryStore(), journal: (any RotationJournal)?,
        time: any Time
    ) {
        self.keyring = Entry(store: keyring, reader: StoreReader(store: keyring, time: time), journal: journal)
        self.memory = Entry(store: memory, reader: StoreReader(store: memory, time: time), journal: nil)
    }

    subscript(kind: StoreKind) -> Entry {
        switch kind {
        case .keyring: keyring
        case .memory: memory
        }
    }
}
