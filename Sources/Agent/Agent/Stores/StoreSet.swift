internal import Configuration
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
    private let time: any Time

    public init(
        keyring: any CredentialStore, sealed: any KeyedStore, memory: any CredentialStore = MemoryStore(),
        journal: (any RotationJournal)?, time: any Time
    ) {
        keyed = sealed
        self.time = time
        self.keyring = Entry(keyring, journal: journal, time)
        self.sealed = Entry(sealed, journal: journal, time)
        self.memory = Entry(memory, journal: nil, time)
    }

    private init(_ stores: StoreSet, observedBy health: StoreHealth) {
        (keyed, memory, time) = (stores.keyed, stores.memory, stores.time)
        func observed(_ kind: StoreKind) -> Entry {
            let entry = stores[kind]
            let journal = entry.journal.map { ObservedJournal(journal: $0, health: health) }
            return Entry(
                ObservedStore(store: entry.store, kind: kind, health: health), journal: journal, stores.time)
        }
        (keyring, sealed) = (observed(.keyring), observed(.sealed))
    }

    /// The same stores and journal, of which somebody hears how they are. What is kept in memory is always well.
    func observed(by health: StoreHealth) -> StoreSet { StoreSet(self, observedBy: health) }

    subscript(kind: StoreKind) -> Entry {
        switch kind {
        case .keyring: keyring
        case .sealed: sealed
        case .memory: memory
        }
    }
}
