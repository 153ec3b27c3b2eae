internal import CSecret
internal import KeyringRecords
internal import SecretMemory

/// This application's items in the keyring, through libsecret.
struct Keyring: ~Copyable {
    private let service: UnsafeMutablePointer<SecretService>
    /// The object path of the default collection.
    private let collection: String

    private static let application = "authagent"

    init(collection: String) throws(KeyringFailure) {
        var error: UnsafeMutablePointer<GError>?
        guard let service = secret_service_get_sync(SECRET_SERVICE_OPEN_SESSION, nil, &error) else {
            throw GLibError.take(&error).failure("the keyring opens no session")
        }
        self.service = service
        self.collection = collection
    }

    deinit { csecret_release(service) }

    /// Every item of this application. Those that others wrote under its name and that make no sense are left out, and so
    /// are locked ones of other collections than the default one, such as a copy that somebody keeps there.
    func records() throws(KeyringFailure) -> [KeyringRecord] {
        let items = try search(Self.attributes())
        defer { csecret_release_items(items) }
        var records: [KeyringRecord] = []
        for item in Items(items) {
            guard secret_item_get_locked(item) == 0 else {
                if isElsewhere(item) { continue }
                throw KeyringFailure(state: .locked, detail: "the keyring is locked")
            }
            if let record = Self.record(item) { records.append(record) }
        }
        return records
    }

    /// Writes the item, then removes others of the same account and purpose, then reads back what is there: first the
    /// new one, so that no moment is without either.
    func save(_ record: KeyringRecord) throws(KeyringFailure) {
        let attributes = Self.attributes(record.account, record.purpose)
        defer { g_hash_table_unref(attributes) }
        csecret_set(attributes, "issuer", record.issuer)
        let value = record.secret.withBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                secret_value_new($0.baseAddress, $0.count, "application/json")
            }
        }
        defer { secret_value_unref(UnsafeMutableRawPointer(value)) }
        var error: UnsafeMutablePointer<GError>?
        let isStored = secret_service_store_sync(
            service, csecret_schema(), attributes, SECRET_COLLECTION_DEFAULT, Self.label(record), value, nil, &error
        )
        guard isStored != 0 else { throw GLibError.take(&error).failure("the keyring does not store") }
        try removeItems(record.account, record.purpose, except: record.issuer)
        let kept = try records().filter { $0.account == record.account && $0.purpose == record.purpose }
        guard kept == [record] else {
            throw KeyringFailure(state: .failed, detail: "the keyring did not keep what was stored")
        }
    }

    func remove(account: String, purpose: String) throws(KeyringFailure) {
        try removeItems(account, purpose, except: nil)
    }

    private func removeItems(_ account: String, _ purpose: String, except issuer: String?) throws(KeyringFailure) {
        let items = try search(Self.attributes(account, purpose))
        defer { csecret_release_items(items) }
        for item in Items(items) {
            // It cannot be removed without asking somebody for a password, and is no record as long as it is locked.
            if secret_item_get_locked(item) != 0, isElsewhere(item) { continue }
            if let issuer, Self.attribute("issuer", of: item) == issuer { continue }
            var error: UnsafeMutablePointer<GError>?
            guard secret_item_delete_sync(item, nil, &error) != 0 else {
                throw GLibError.take(&error).failure("the keyring does not remove")
            }
        }
    }

    /// Whether it is in another collection than the default one.
    private func isElsewhere(_ item: UnsafeMutablePointer<SecretItem>) -> Bool {
        guard let path = csecret_item_path(item) else { return false }
        return !String(cString: path).hasPrefix(collection + "/")
    }

    /// Locked items are found as well: "not there" and "locked" must not look the same. Takes over `attributes`.
    private func search(_ attributes: OpaquePointer) throws(KeyringFailure) -> UnsafeMutablePointer<GList>? {
        defer { g_hash_table_unref(attributes) }
        let flags = SecretSearchFlags(
            rawValue: SECRET_SEARCH_ALL.rawValue | SECRET_SEARCH_LOAD_SECRETS.rawValue
        )
        var error: UnsafeMutablePointer<GError>?
        let items = secret_service_search_sync(service, csecret_schema(), attributes, flags, nil, &error)
        guard error == nil else { throw GLibError.take(&error).failure("the keyring cannot be searched") }
        return items
    }

    private static func attributes(_ account: String? = nil, _ purpose: String? = nil) -> OpaquePointer {
        let attributes = csecret_attributes()
        csecret_set(attributes, "application", application)
        if let account { csecret_set(attributes, "account", account) }
        if let purpose { csecret_set(attributes, "purpose", purpose) }
        return attributes
    }

    private static func label(_ record: KeyringRecord) -> String {
        let purpose = record.purpose == "login" ? "" : ", to be revoked"
        return "authagent: \(record.account) (\(record.issuer))\(purpose)"
    }

    private static func record(_ item: UnsafeMutablePointer<SecretItem>) -> KeyringRecord? {
        guard let account = attribute("account", of: item), let purpose = attribute("purpose", of: item),
            let issuer = attribute("issuer", of: item), let value = secret_item_get_secret(item)
        else { return nil }
        defer { secret_value_unref(UnsafeMutableRawPointer(value)) }
        var length: gsize = 0
        guard let bytes = secret_value_get(value, &length) else { return nil }
        let secret = WipedBytes(UnsafeRawBufferPointer(start: bytes, count: Int(length)))
        return KeyringRecord(account: account, purpose: purpose, issuer: issuer, secret: secret)
    }

    private static func attribute(_ name: String, of item: UnsafeMutablePointer<SecretItem>) -> String? {
        guard let attributes = secret_item_get_attributes(item) else { return nil }
        defer { g_hash_table_unref(attributes) }
        return csecret_get(attributes, name).map { String(cString: $0) }
    }
}

/// A GList of items as a sequence; it owns nothing.
private struct Items: Sequence, IteratorProtocol {
    private var element: UnsafeMutablePointer<GList>?

    init(_ list: UnsafeMutablePointer<GList>?) { element = list }

    mutating func next() -> UnsafeMutablePointer<SecretItem>? {
        guard let current = element else { return nil }
        element = current.pointee.next
        return csecret_item(current)
    }
}
