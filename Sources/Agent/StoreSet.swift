internal import Accounts
public import Vault

/// The stores that an account may choose from, each with the reader that shares reads among accounts.
public struct StoreSet: Sendable {
    struct Entry: Sendable {
        let store: any CredentialStore
        let reader: StoreReader
        /// Nil for a store that keeps nothing anyway.
        let journal: (any RotationJournal)?

        init(_ store: any CredentialStore, journal: (any RotationJournal)?, _ time: any Time) {
            self.store = store
            self.journal = journal
            reader = StoreReader(store: store, time: time)
        }
    }

    /// The sealed store again, as one that has a key.
    let keyed: any KeyedStore
    private let keyring: Entry
    private let sealed: Entry
    private let memory: Entry

    public init(
        keyring: any CredentialStore, sealed: any KeyedStore, memory: any CredentialStore = MemoryStore(),
        journal: (any RotationJournal)?, time: any Time
    ) {
        keyed = sealed
        self.keyring = Entry(keyring, journal: journal, time)
        self.sealed = Entry(sealed, journal: journal, time)
        self.memory = Entry(memory, journal: nil, time)
    }

    subscript(kind: StoreKind) -> Entry {
        switch kind {
        case .keyring: keyring
        case .sealed: sealed
        case .memory: memory
        }
    }
}
