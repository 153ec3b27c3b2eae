internal import AgentAPI
internal import KeyringProtocol
internal import SecretMemory
public import Vault

/// The desktop keyring as a store of credentials: each job is one of the keyring helper, with a deadline.
///
/// Jobs of different accounts run side by side, unless one helper has to do all; those on one record run in the order in
/// which they were asked for.
public struct KeyringStore: CredentialStore {
    private let helper: KeyringHelpers
    private let order = JobOrder()

    /// `helper` is the program's path; `environment` is the daemon's, of which the helper gets what the session bus
    /// needs. A keyring that has not answered within `deadline` is `hung`.
    public init(helper: String, environment: [String: String], deadline: Duration = .seconds(5)) {
        self.helper = KeyringHelpers(path: helper, environment: environment, deadline: deadline)
    }

    public func probe() async -> StoreStatus {
        let outcome = await helper.run(.probe)
        return StoreStatus(
            outcome.storeState, detail: outcome.detail, hasCollection: outcome.reply.hasCollection,
            program: outcome.program, item: outcome.reply.item
        )
    }

    /// Records of the old form are written anew afterwards, one after the other.
    public func loadAll() async throws(StoreFailure) -> [StoredRecord] {
        let outcome = await helper.run(.load)
        try outcome.requireSuccess()
        let records = outcome.reply.records ?? []
        renew(records.filter(\.isOldForm))
        return records.compactMap { StoredRecord($0, program: outcome.program) }
    }

    private func renew(_ records: [KeyringRecord]) {
        guard !records.isEmpty else { return }
        // Unstructured task: a reader of the store does not wait for it, and one that fails is tried at the next start.
        Task {
            for record in records {
                guard let key = RecordKey(record) else { continue }
                let job = KeyringJob.renew(account: record.account, purpose: record.purpose)
                _ = await order.run(after: key) { await helper.run(job) }
            }
        }
    }

    /// A deadline that passes leaves it unknown whether the record was written; it counts as not written, and writing
    /// it again does no harm.
    public func save(_ record: StoredRecord) async throws(StoreFailure) {
        let job = KeyringJob.save(KeyringRecord(record))
        try await order.run(after: record.key) { await helper.run(job) }.requireSuccess()
    }

    public func remove(_ key: RecordKey) async throws(StoreFailure) {
        let job = KeyringJob.remove(account: key.account.description, purpose: key.purpose.text)
        try await order.run(after: key) { await helper.run(job) }.requireSuccess()
    }
}

extension KeyringOutcome {
    func requireSuccess() throws(StoreFailure) {
        guard storeState != .ok else { return }
        throw StoreFailure(
            storeState, detail ?? "the keyring failed", hasCollection: reply.hasCollection, program: program,
            item: reply.item)
    }
}

extension KeyringRecord {
    /// The plain copy of the secret lives until the helper has read it.
    fileprivate init(_ record: StoredRecord) {
        self.init(
            account: record.key.account.description, purpose: record.key.purpose.text, issuer: record.issuer,
            secret: record.secret.withBytes { WipedBytes($0) }
        )
    }
}

extension StoredRecord {
    /// `nil` for an item whose attributes are not a key.
    fileprivate init?(_ record: KeyringRecord, program: String?) {
        guard let key = RecordKey(record) else { return nil }
        self.init(key: key, issuer: record.issuer, secret: SecretBytes(record.secret))
        if record.isLocked { problem = .lockedItem(record.label, program: program) }
        if record.isWithoutSecret {
            problem = StoreFailure(
                .failed, "the keyring does not give the secret of '\(record.label)'", program: program)
        }
    }
}

extension RecordKey {
    fileprivate init?(_ record: KeyringRecord) {
        guard let account = AccountName(record.account), let purpose = Purpose(text: record.purpose) else {
            return nil
        }
        self.init(account: account, purpose: purpose)
    }
}
