internal import Advice
public import AgentAPI
internal import Configuration
internal import Logging
internal import SecretMemory
internal import Synchronization
internal import Vault

extension Agent {
    public func stores() async -> StoreReport {
        async let keyring = keyringDescription()
        return StoreReport(stores: [await keyring, await sealedDescription()])
    }

    public func changeStore(_ request: StoreRequest) async throws(Problem) -> StoreReply {
        try requireUnlocked()
        switch request.operation {
        case .initialize:
            let key = try await keyChoice(request)
            do throws(KeyedStoreFailure) { try await parts.stores.keyed.initialize(with: key) } catch {
                throw Problem(error)
            }
            parts.logger.info("sealed store created")
        case .rekey:
            let key = try await keyChoice(request)
            do throws(KeyedStoreFailure) { try await parts.stores.keyed.rekey(with: key) } catch {
                throw Problem(error)
            }
            parts.logger.info("sealed store key changed")
        case .migrate:
            guard request.keySource == nil, request.keyFile == nil, request.passphrase == nil else {
                throw Problem(.badRequest, "moving accounts changes no key", hint: "leave the key out")
            }
            return try await migrate(to: request.target)
        }
        await readAnew(.sealed)
        return StoreReply(store: await sealedDescription())
    }

    /// Reads the store again, and the accounts that it could not read before.
    func readAnew(_ kind: StoreKind) async {
        let reader = parts.stores[kind].reader
        await reader.readAnew()
        await read(
            state.withLock { state in
                state.accounts.values.filter { $0.settings.store == kind && $0.vault.isUnread }
            })
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
            guard Self.passphraseLengths.contains(passphrase.utf8.count) else {
                throw Problem(.badRequest, "the passphrase is empty or too long", hint: "give 1 to 1024 bytes")
            }
            return .passphrase(SecretBytes(passphrase))
        default:
            throw Problem(
                .badRequest, "the key of the store is missing or given twice",
                hint: "give one of --credential, --key-file FILE and --passphrase"
            )
        }
    }

    func description(of kind: StoreKind) async -> StoreDescription {
        switch kind {
        case .sealed: await sealedDescription()
        case .keyring, .memory: await keyringDescription()
        }
    }

    private func keyringDescription() async -> StoreDescription {
        let status = await keyringStatus()
        return StoreDescription(
            store: StoreKind.keyring.rawValue, state: status.state, detail: status.detail,
            hint: status.state == .ok ? nil : StoreAdvice(status).hint, accounts: count(.keyring)
        )
    }

    private func sealedDescription() async -> StoreDescription {
        let description = await parts.stores.keyed.describe()
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
        state.withLock { state in state.accounts.values.count { $0.settings.store == kind } }
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
