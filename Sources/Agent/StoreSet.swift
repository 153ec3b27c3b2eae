internal import Accounts
public import Vault

/// The stores that an account may choose from, each with the reader that shares reads among accounts.
public struct StoreSet: Sendable {
    struct Entry: Sendable {
        let store: any CredentialStore
        let reader: StoreReader

        init(_ store: any CredentialStore, _ time: any Time) {
            self.store = store
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
        time: any Time
    ) {
        keyed = sealed
        self.keyring = Entry(keyring, time)
        self.sealed = Entry(sealed, time)
        self.memory = Entry(memory, time)
    }

    subscript(kind: StoreKind) -> Entry {
        switch kind {
        case .keyring: keyring
        case .sealed: sealed
        case .memory: memory
        }
    }
}
