internal import CSecret
internal import KeyringProtocol
internal import SecretMemory

/// This application's keyring items, through libsecret.
final class Keyring {
    private let service: UnsafeMutablePointer<SecretService>
    let provider: SessionBus.Provider
    /// Whether the agent still waits for the job.
    private let isAwaited: () -> Bool

    /// Opens a secret session with `provider`. Writes and deletions require `isAwaited`.
    init(
        of provider: SessionBus.Provider, on bus: SessionBus, isAwaited: @escaping () -> Bool
    ) throws(KeyringFailure) {
        var error: UnsafeMutablePointer<GError>?
        guard let service = csecret_open(&error) else {
            let error = GLibError.take(&error)
            var failure = error.failure("the keyring does not open a session")
            if failure.state == .failed, error.name == nil, let refusal = bus.refusalOfSession() {
                failure.detail = "the keyring does not open a session: \(refusal)"
            }
            throw failure
        }
        self.service = service
        self.provider = provider
        self.isAwaited = isAwaited
    }

    /// A keyring that hung continues all pending calls at once. If the agent has died meanwhile, its successor may have
    /// stored a newer record, which this older one must not overwrite.
    private func requireAwaited() throws(KeyringFailure) {
        guard isAwaited() else { throw .agentIsGone }
    }

    deinit { csecret_release(service) }

    /// Whether secrets are encrypted on the bus, so that no buffer of the connection holds one in plain text.
    var isEncrypted: Bool {
        guard let algorithms = secret_service_get_session_algorithms(service) else { return false }
        return String(cString: algorithms) != "plain"
    }

    // MARK: - Jobs

    /// All items of this application; items of `collection` in the present format come first. An account may have
    /// several, such as an older copy elsewhere or one in the old format; their content shows the newest.
    ///
    /// Left out are malformed items under its name, locked items of other collections, and copies elsewhere of a record
    /// that is locked here: an older refresh token must not be spent in its place.
    func records(in collection: String) throws(KeyringFailure) -> [KeyringRecord] {
        let found = try items().filter { !$0.isLocked || $0.isIn(collection) }
        let locked = found.filter(\.isLocked)
        let usable = found.filter { item in
            item.isIn(collection) || !locked.contains { $0.isOfSameRecord(as: item) }
        }
        return usable.sorted { $0.rank(in: collection) < $1.rank(in: collection) }.compactMap(\.record)
    }

    /// Locked items although `collection` is unlocked.
    func lockedItems(in collection: String) throws(KeyringFailure) -> [KeyringItem] {
        try items(withSecrets: false).filter { $0.isLocked && $0.isIn(collection) }
    }

    /// Writes the item in `collection`, reads it back, and then removes other items of the same account and purpose, so
    /// that one exists at all times. Returns its object path.
    ///
    /// A copy that cannot be removed is harmless: it is older.
    @discardableResult
    func save(
        _ record: KeyringRecord, in collection: String, on bus: SessionBus
    ) throws(KeyringFailure) -> String {
        let present = try items(record.account, record.purpose, withSecrets: false).first { item in
            item.isIn(collection) && item.isEncoded && item.issuer == KeyringItem.attribute(record.issuer)
        }
        // Overwriting it would make the keyring prompt, and block.
        if let present, present.isLocked { throw present.lockedFailure }
        try requireAwaited()
        let path: String
        if let present, overwrite(present, with: record) { path = present.path } else { path = try create(record) }
        let items = try items(record.account, record.purpose)
        guard let written = items.first(where: { $0.path == path }), written.record?.secret == record.secret else {
            throw KeyringFailure(state: .failed, detail: "the keyring did not keep the stored item")
        }
        for item in items where item.path != path && (!item.isLocked || item.isIn(collection)) {
            // Without a prompt, which would appear at each renewal.
            try? bus.delete(item.path, of: provider, waiting: 0)
        }
        return path
    }

    /// Throws if an item still exists afterwards: a keyring may prompt first, and report a refusal as success.
    func remove(
        account: String, purpose: String, in collection: String, on bus: SessionBus
    ) throws(KeyringFailure) {
        var reason = ""
        let present = try items(account, purpose, withSecrets: false).filter { !$0.isLocked || $0.isIn(collection) }
        try requireAwaited()
        for item in present {
            let patience = Self.patience / UInt32(present.count)
            do throws(GLibError) { try bus.delete(item.path, of: provider, waiting: patience) } catch {
                reason = ": \(error.text)"
            }
        }
        let left = try items(account, purpose, withSecrets: false)
        if let kept = left.first(where: { !$0.isLocked || $0.isIn(collection) }) {
            throw KeyringFailure(
                state: .failed, detail: "the keyring keeps the item '\(kept.label)'\(reason)", item: kept.label)
        }
    }

    /// In milliseconds. Below a job's deadline, so that the outcome can still be reported.
    private static let patience: UInt32 = 3500

    /// Rewrites an item of the old format, unless one in the present format exists, which may be newer.
    func renew(
        account: String, purpose: String, in collection: String, on bus: SessionBus
    ) throws(KeyringFailure) {
        let records = try items(account, purpose).compactMap(\.record)
        guard records.count == 1, let record = records.first, record.isOldForm, !record.isLocked else { return }
        try save(record, in: collection, on: bus)
    }

    // MARK: - libsecret

    /// Replaces an existing item's secret; false if the item must be created again instead.
    ///
    /// KeePassXC shows a dialog when a client creates an item over another client's, even if it may read and write it.
    /// Some providers lack this call.
    private func overwrite(_ item: KeyringItem, with record: KeyringRecord) -> Bool {
        guard provider.program != SessionBus.Provider.gnomeKeyring,
            let object = csecret_item_at(service, item.path)
        else { return false }
        defer { csecret_release(object) }
        let value = Self.value(record)
        defer { secret_value_unref(UnsafeMutableRawPointer(value)) }
        return secret_item_set_secret_sync(object, value, nil, nil) != 0
    }

    /// The caller releases it.
    private static func value(_ record: KeyringRecord) -> OpaquePointer {
        SecretEncoding.encode(record.secret).withBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { secret_value_new($0.baseAddress, $0.count, "text/plain") }
        }
    }

    private func create(_ record: KeyringRecord) throws(KeyringFailure) -> String {
        var error: UnsafeMutablePointer<GError>?
        // Not the alias's path, where some keyrings have no object: libsecret would create a collection.
        guard
            let collection = secret_collection_for_alias_sync(
                service, SECRET_COLLECTION_DEFAULT, SECRET_COLLECTION_NONE, nil, &error)
        else {
            throw GLibError.take(&error).failure("the keyring does not open its default collection")
        }
        defer { csecret_release(collection) }
        let attributes = KeyringItem.attributes(record.account, record.purpose)
        defer { g_hash_table_unref(attributes) }
        csecret_set(attributes, "issuer", KeyringItem.attribute(record.issuer))
        csecret_set(attributes, "encoding", KeyringItem.encoding)
        let value = Self.value(record)
        defer { secret_value_unref(UnsafeMutableRawPointer(value)) }
        guard
            let item = secret_item_create_sync(
                collection, csecret_schema(), attributes, KeyringItem.attribute(record.label), value,
                SECRET_ITEM_CREATE_REPLACE, nil, &error)
        else {
            throw GLibError.take(&error).failure("the keyring does not store the item")
        }
        defer { csecret_release(item) }
        guard let path = csecret_item_path(item) else {
            throw KeyringFailure(state: .failed, detail: "the keyring does not report where it stored the item")
        }
        return String(cString: path)
    }

    /// Finds locked items too: a missing and a locked item must not look the same.
    private func items(
        _ account: String? = nil, _ purpose: String? = nil, withSecrets: Bool = true
    ) throws(KeyringFailure) -> [KeyringItem] {
        let attributes = KeyringItem.attributes(account, purpose)
        defer { g_hash_table_unref(attributes) }
        let flags = SecretSearchFlags(
            rawValue: SECRET_SEARCH_ALL.rawValue | (withSecrets ? SECRET_SEARCH_LOAD_SECRETS.rawValue : 0)
        )
        var list: UnsafeMutablePointer<GList>?
        for isLast in [false, false, false, true] {
            var error: UnsafeMutablePointer<GError>?
            list = secret_service_search_sync(service, csecret_schema(), attributes, flags, nil, &error)
            guard error != nil else { break }
            let failure = GLibError.take(&error)
            // Another job may delete an item between the search and the read.
            guard failure.isAboutMissingObject, !isLast else { throw failure.failure("cannot search the keyring") }
        }
        defer { csecret_release_items(list) }
        var items: [KeyringItem] = []
        var element = list
        while let current = element {
            if let item = KeyringItem(csecret_item(current)) { items.append(item) }
            element = current.pointee.next
        }
        return items
    }
}
