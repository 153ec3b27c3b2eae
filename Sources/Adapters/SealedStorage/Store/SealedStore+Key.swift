internal import AgentAPI
public import SecretMemory
internal import Synchronization
internal import System
public import Vault

/// Creating, changing and supplying the store's key.
extension SealedStore {
    public func initialize(with choice: StoreKeyChoice) async throws(KeyedStoreFailure) {
        do throws(SealedFailure) {
            // Check before the expensive key derivation.
            try await files.run { () throws(SealedFailure) in try self.requireNone() }
            let (key, origin) = try await key(from: choice)
            try await files.run { () throws(SealedFailure) in
                try self.requireNone()
                let master = SealingKey.random()
                let header = StoreHeader(master, with: key, from: origin, generation: 1, at: self.headerPath)
                let directory = try SealedFailure.onDisk { () throws(FileFailure) in
                    let directory = try DurableDirectory(making: self.path)
                    // Written first: a store without marks is not trusted.
                    try self.marks.replace(with: [:], in: directory, master)
                    return directory
                }
                try self.write(header, key, in: directory)
            }
        } catch { throw error.keyedStoreFailure }
    }

    public func rekey(with choice: StoreKeyChoice) async throws(KeyedStoreFailure) {
        do throws(SealedFailure) {
            try await files.run { () throws(SealedFailure) in _ = try self.open() }
            let (key, origin) = try await key(from: choice)
            try await files.run { () throws(SealedFailure) in
                let (directory, master) = try self.open()
                try self.renewMarks(in: directory, master)
                let generation = try self.header(in: directory).generation + 1
                try self.write(
                    StoreHeader(master, with: key, from: origin, generation: generation, at: self.headerPath), key,
                    in: directory
                )
            }
        } catch { throw error.keyedStoreFailure }
    }

    public func unlock(with passphrase: SecretBytes) async throws(KeyedStoreFailure) {
        do throws(SealedFailure) { try await check(passphrase) } catch { throw error.keyedStoreFailure }
    }

    public func close() async {
        // After pending writes.
        await files.run { () throws(Never) in self.state.withLock { $0.held = nil } }
    }

    /// Runs also for an unlocked store: the caller wants to know whether the passphrase is right.
    private func check(_ passphrase: SecretBytes) async throws(SealedFailure) {
        let header = try await files.run { () throws(SealedFailure) in
            try self.header(in: try self.existingDirectory())
        }
        guard case .passphrase(let scrypt) = header.origin else { throw .noPassphraseNeeded }
        let turn = state.withLock { $0.guesses.begin(at: time.now) }
        if turn == .refused { throw .attemptPending }
        var isRight: Bool?
        defer { state.withLock { $0.guesses.end(isRight: isRight, at: time.now) } }
        if case .after(let notBefore) = turn {
            do throws(CancellationError) { try await time.sleep(until: notBefore) } catch { throw .attemptPending }
        }
        guard let key = await derivations.run({ () throws(Never) in scrypt.key(from: passphrase) }) else {
            throw .noMemory
        }
        do throws(SealedFailure) {
            let master = try header.open(with: key)
            isRight = true
            state.withLock { $0.held = (header, master) }
        } catch {
            if error == .wrongPassphrase { isRight = false }
            throw error
        }
    }

    private func key(from choice: StoreKeyChoice) async throws(SealedFailure) -> (SealingKey, KeyOrigin) {
        switch choice {
        case .credential:
            return try await files.run { () throws(SealedFailure) in (try self.material.credential(), .credential) }
        case .file(let path):
            return try await files.run { () throws(SealedFailure) in (try self.material.file(path), .file(path)) }
        case .passphrase(let passphrase):
            guard passphrase.count >= SealedFailure.shortestPassphrase else { throw .passphraseTooShort }
            let scrypt = ScryptParameters(cost)
            guard let key = await derivations.run({ () throws(Never) in scrypt.key(from: passphrase) }) else {
                throw .noMemory
            }
            return (key, .passphrase(scrypt))
        }
    }

    /// If the marks are lost or were never kept, the existing records count, because the owner has requested it.
    private func renewMarks(in directory: DurableDirectory, _ key: SealingKey) throws(SealedFailure) {
        let found = try records(in: directory).survey()
        try SealedFailure.onDisk { () throws(FileFailure) in try marks.replace(with: found, in: directory, key) }
    }

    private func requireNone() throws(SealedFailure) {
        do throws(SealedFailure) { _ = try header(in: try existingDirectory()) } catch .notInitialized { return }
        throw .alreadyInitialized
    }

    /// Writes the header, and uses it after it was read back and opened.
    private func write(
        _ header: StoreHeader, _ key: SealingKey, in directory: DurableDirectory
    ) throws(SealedFailure) {
        try SealedFailure.onDisk { () throws(FileFailure) in
            try directory.write(StoreHeader.fileName, header.bytes)
        }
        let written = try self.header(in: directory)
        guard written == header else { throw .notReadBack(headerPath) }
        let master = try written.open(with: key)
        state.withLock { $0.held = (written, master) }
    }
}
