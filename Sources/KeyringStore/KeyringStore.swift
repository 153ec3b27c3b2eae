internal import AgentAPI
internal import KeyringRecords
internal import SecretMemory
public import Vault

/// The desktop keyring as a store of credentials: each job is one run of the keyring helper, with a deadline.
///
/// Jobs of different accounts run side by side; those on one record run in the order in which they were asked for.
public struct KeyringStore: CredentialStore {
    private let helper: KeyringHelperProcess
    private let order = JobOrder()

    /// `helper` is the program's path; `environment` is the daemon's, of which the helper gets what the session bus
    /// needs. A keyring that has not answered within `deadline` is `hung`.
    public init(helper: String, environment: [String: String], deadline: Duration = .seconds(5)) {
        self.helper = KeyringHelperProcess(path: helper, environment: environment, deadline: deadline)
    }

    public func probe() async -> StoreStatus {
        let reply = await helper.run(.probe)
        return StoreStatus(reply.storeState, detail: reply.detail, hasCollection: reply.reply.hasCollection)
    }

    public func loadAll() async throws(StoreFailure) -> [StoredRecord] {
        let reply = await helper.run(.load)
        try reply.requireSuccess()
        return (reply.reply.records ?? []).compactMap(StoredRecord.init)
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
        throw StoreFailure(storeState, detail ?? "the keyring failed")
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
    /// Nil for an item whose attributes make no key.
    fileprivate init?(_ record: KeyringRecord) {
        guard let account = AccountName(record.account), let purpose = RecordKey.Purpose(text: record.purpose) else {
            return nil
        }
        self.init(
            key: RecordKey(account: account, purpose: purpose), issuer: record.issuer,
            secret: SecretBytes(record.secret)
        )
    }
}
