internal import AgentAPI
internal import KeyringProtocol
internal import SecretMemory
public import Vault

/// A credential store in the desktop keyring. Each operation is a job of the keyring helper, with a deadline.
///
/// Jobs of different accounts run concurrently unless one helper has to do all; jobs on one record run in the order of
/// their calls.
public struct KeyringStore: CredentialStore {
    private let helper: KeyringHelpers
    private let order = JobOrder()

    /// `helper` is the executable's path; the helper gets only those variables of `environment` that lead to the
    /// session bus. A keyring that does not reply within `deadline` is reported as `hung`.
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

    /// Records in the old format are rewritten afterwards, one after the other.
    public func loadAll() async throws(StoreFailure) -> [StoredRecord] {
        let outcome = await helper.run(.load)
        try outcome.requireSuccess()
        let records = outcome.reply.records ?? []
        renew(records.filter(\.isOldForm))
        return records.compactMap { StoredRecord($0, program: outcome.program) }
    }

    private func renew(_ records: [KeyringRecord]) {
        guard !records.isEmpty else { return }
        // Unstructured task: loading does not wait for the rewrite; a failed one is repeated at the next start.
        Task {
            for record in records {
                guard let key = RecordKey(record) else { continue }
                let job = KeyringJob.renew(account: record.account, purpose: record.purpose)
                _ = await order.run(after: key) { await helper.run(job) }
            }
        }
    }

    /// A missed deadline leaves it unknown whether the record was written. It counts as not written; writing it again
    /// is harmless.
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
    /// The plain-text copy of the secret exists until the helper has read it.
    fileprivate init(_ record: StoredRecord) {
        self.init(
            account: record.key.account.description, purpose: record.key.purpose.text, issuer: record.issuer,
            secret: record.secret.withBytes { WipedBytes($0) }
        )
    }
}

extension StoredRecord {
    /// `nil` if the item's attributes do not form a key.
    fileprivate init?(_ record: KeyringRecord, program: String?) {
        guard let key = RecordKey(record) else { return nil }
        self.init(key: key, issuer: record.issuer, secret: SecretBytes(record.secret))
        if record.isLocked { problem = .lockedItem(record.label, program: program) }
        if record.isWithoutSecret {
            problem = StoreFailure(
                .failed, "the keyring does not return the secret of '\(record.label)'", program: program)
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
