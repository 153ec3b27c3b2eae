internal import Advice
internal import AgentAPI
internal import Configuration
internal import Logging
internal import SecretMemory
internal import Vault

/// The stores: their descriptions, changes of the sealed one, and its part in locking and unlocking.
struct Stores: Sendable {
    let shared: SharedParts
    let registry: AccountRegistry
    let migration: Migration

    func report() async -> StoreReport {
        async let keyring = keyringDescription()
        return StoreReport(stores: [await keyring, await sealedDescription()])
    }

    func change(_ request: StoreRequest) async throws(Problem) -> StoreReply {
        try registry.requireUnlocked()
        switch request.operation {
        case .initialize:
            let key = try await keyChoice(request)
            do throws(KeyedStoreFailure) { try await shared.stores.keyed.initialize(with: key) } catch {
                throw Problem(error)
            }
            shared.logger.info("sealed store created")
        case .rekey:
            let key = try await keyChoice(request)
            do throws(KeyedStoreFailure) { try await shared.stores.keyed.rekey(with: key) } catch {
                throw Problem(error)
            }
            shared.logger.info("sealed store key changed")
        case .migrate:
            guard request.keySource == nil, request.keyFile == nil, request.passphrase == nil else {
                throw Problem(.badRequest, "moving accounts changes no key", hint: "leave the key out")
            }
            guard let target = request.target.flatMap(StoreKind.init), target != .memory else {
                throw Problem(.badRequest, "accounts move to 'keyring' or 'sealed'", hint: "name one of the two")
            }
            let moved = try await migration.run(to: target)
            return StoreReply(store: await description(of: target), moved: moved)
        }
        await readAnew(.sealed)
        return StoreReply(store: await sealedDescription())
    }

    /// Reads the store again, and the accounts that it could not read before.
    func readAnew(_ kind: StoreKind) async {
        let reader = shared.stores[kind].reader
        await reader.readAnew()
        await registry.read(registry.accounts.filter { $0.settings.store == kind && $0.vault.isUnread })
        // Each read restores pending revocations; perhaps no account above caused one.
        _ = try? await reader.records()
    }

    private func keyChoice(_ request: StoreRequest) async throws(Problem) -> StoreKeyChoice {
        guard request.target == nil else {
            throw Problem(.badRequest, "a target is allowed for 'migrate' only", hint: "leave the target out")
        }
        switch (request.keySource, request.keyFile, request.passphrase) {
        case (nil, nil, nil), (.credential?, nil, nil): return .credential
        case (nil, let file?, nil), (.file?, let file?, nil): return .file(file)
        case (nil, nil, let passphrase?), (.passphrase?, nil, let passphrase?):
            try Self.checkLength(of: passphrase)
            return .passphrase(SecretBytes(passphrase))
        default:
            throw Problem(
                .badRequest, "the key of the store is missing or given twice",
                hint: "give one of --credential, --key-file FILE and --passphrase"
            )
        }
    }

    private func description(of kind: StoreKind) async -> StoreDescription {
        switch kind {
        case .sealed: await sealedDescription()
        case .keyring, .memory: await keyringDescription()
        }
    }

    private func keyringDescription() async -> StoreDescription {
        let status = await shared.keyringStatus()
        return StoreDescription(
            store: StoreKind.keyring.rawValue, state: status.state, detail: status.detail,
            hint: status.state == .ok ? nil : StoreAdvice(status).hint, accounts: count(.keyring)
        )
    }

    private func sealedDescription() async -> StoreDescription {
        let description = await shared.stores.keyed.describe()
        let status = description.status
        let isMade = status.state != .notInitialized
        return StoreDescription(
            store: StoreKind.sealed.rawValue, state: status.state, detail: status.detail,
            hint: status.state == .ok ? nil : StoreAdvice(status).hint, accounts: count(.sealed),
            keySource: description.keySource, keyFile: description.keyFile,
            directory: isMade ? description.directory : nil, records: isMade ? description.records : nil
        )
    }

    private func count(_ kind: StoreKind) -> Int {
        registry.accounts.count { $0.settings.store == kind }
    }

    /// Whether the sealed store's key is a passphrase.
    func sealedHasPassphrase() async -> Bool { await shared.stores.keyed.describe().keySource == .passphrase }

    /// Forgets the key of a sealed store with a passphrase.
    func closeSealed() async {
        await shared.stores.keyed.close()
        _ = await shared.stores[.sealed].store.probe()
    }

    /// Opens the sealed store if its key is the passphrase.
    func openSealed(with given: SecretBytes?) async throws(Problem) {
        let store = await shared.stores.keyed.describe()
        // If the key source cannot be read, the store may have a passphrase: stay locked.
        if store.keySource == nil, store.status.state == .failed {
            let detail = store.status.detail ?? "the sealed store fails"
            throw .store(StoreFailure(.failed, detail, hint: store.status.hint))
        }
        guard store.keySource == .passphrase else { return }
        // Check a given passphrase even if the store is open, so that the caller learns whether it is right.
        guard let given else {
            if store.status.state == .locked { throw .passphraseMissing }
            return
        }
        do throws(KeyedStoreFailure) { try await shared.stores.keyed.unlock(with: given) } catch {
            shared.logger.notice("unlocking refused", metadata: ["store": "sealed"])
            throw Problem(error)
        }
    }

    /// Throws if the sealed store fails after unlocking: with a store that cannot be written to, accounts serve only
    /// until their next renewal.
    func requireSealed() async throws(Problem) {
        // Use the full description: an intact header does not prove that the store can be opened.
        let status = await shared.stores.keyed.describe().status
        if status.state == .notInitialized { return }
        do throws(StoreFailure) {
            if status.state == .failed { throw StoreFailure(status) }
            try await shared.stores[.sealed].store.prepareToSave()
        } catch {
            var failure = error
            failure.detail = "the agent is unlocked, but the sealed store fails: \(error.detail)"
            throw .store(failure)
        }
    }

    private static let passphraseLengths = 1...1024

    static func checkLength(of passphrase: String) throws(Problem) {
        guard passphraseLengths.contains(passphrase.utf8.count) else {
            throw Problem(.badRequest, "the passphrase is empty or too long", hint: "give 1 to 1024 bytes")
        }
    }
}

extension Problem {
    init(_ failure: KeyedStoreFailure) {
        switch failure {
        case .store(let failure): self = .store(failure)
        case .wrongPassphrase(let detail, let hint): self.init(.wrongPassphrase, detail, hint: hint)
        case .busy(let detail, let hint): self.init(.tooManyRequests, detail, hint: hint)
        case .refused(let detail, let hint): self.init(.badRequest, detail, hint: hint)
        }
    }
}
