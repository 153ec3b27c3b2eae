internal import Configuration
public import Vault

/// The stores that an account may use, each with a reader that the accounts share.
public struct StoreSet: Sendable {
    struct Entry: Sendable {
        let store: any CredentialStore
        let reader: StoreReader
        /// `nil` for a store that is not persistent.
        let journal: (any RotationJournal)?

        init(_ store: any CredentialStore, journal: (any RotationJournal)?, _ time: any Time) {
            self.store = store
            self.journal = journal
            reader = StoreReader(store: store, time: time)
        }
    }

    /// The sealed store again, as a store with a key.
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

    /// Returns the same stores and journal, which report their state to `health`. The memory store cannot fail.
    func observed(by health: StoreHealth) -> StoreSet { StoreSet(self, observedBy: health) }

    subscript(kind: StoreKind) -> Entry {
        switch kind {
        case .keyring: keyring
        case .sealed: sealed
        case .memory: memory
        }
    }
}
