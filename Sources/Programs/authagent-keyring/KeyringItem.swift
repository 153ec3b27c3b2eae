internal import CSecret
internal import KeyringProtocol
internal import SecretMemory

/// An item of this application, copied from libsecret's object.
struct KeyringItem {
    /// Its object path on the bus.
    let path: String
    let label: String
    /// Whether it is locked for this client; the collection may be unlocked.
    let isLocked: Bool
    /// Written in the present format (`SecretEncoding`).
    let isEncoded: Bool
    let issuer: String?
    /// `nil` if the item lacks a record's attributes.
    let record: KeyringRecord?

    private static let application = "authagent"
    static let encoding = "base64url"

    /// `nil` if the object has no path.
    init?(_ item: UnsafeMutablePointer<SecretItem>) {
        guard let path = csecret_item_path(item) else { return nil }
        self.path = String(cString: path)
        isLocked = secret_item_get_locked(item) != 0
        var texts: [String: String] = [:]
        if let attributes = secret_item_get_attributes(item) {
            for name in ["account", "purpose", "issuer", "encoding"] {
                texts[name] = csecret_get(attributes, name).map { String(cString: $0) }
            }
            g_hash_table_unref(attributes)
        }
        issuer = texts["issuer"]
        isEncoded = texts["encoding"] == Self.encoding
        let value = isLocked ? nil : secret_item_get_secret(item)
        defer { if let value { secret_value_unref(UnsafeMutableRawPointer(value)) } }
        record = Self.record(texts, isLocked: isLocked, value)
        label = record?.label ?? "authagent: \(texts["account"] ?? "?")"
    }

    private static func record(
        _ attributes: [String: String], isLocked: Bool, _ value: OpaquePointer?
    ) -> KeyringRecord? {
        guard let account = attributes["account"], let purpose = attributes["purpose"],
            let issuer = attributes["issuer"]
        else { return nil }
        var record = KeyringRecord(account: account, purpose: purpose, issuer: issuer, secret: [])
        record.isLocked = isLocked
        record.isWithoutSecret = !isLocked && value == nil
        var length: gsize = 0
        if let value, let bytes = secret_value_get(value, &length) {
            (record.secret, record.isOldForm) = SecretEncoding.decode(
                WipedBytes(UnsafeRawBufferPointer(start: bytes, count: Int(length))))
        }
        return record
    }

    func isOfSameRecord(as other: KeyringItem) -> Bool {
        record?.account == other.record?.account && record?.purpose == other.record?.purpose
    }

    func isIn(_ collection: String) -> Bool { path.hasPrefix(collection + "/") }

    /// A lower rank is more likely the newest item of its account.
    func rank(in collection: String) -> Int { (isIn(collection) ? 0 : 2) + (isEncoded ? 0 : 1) }

    var lockedFailure: KeyringFailure {
        KeyringFailure(
            state: .locked, detail: "the keyring keeps the item '\(label)' locked for authagent", item: label)
    }

    /// The attributes of items, for searches and writes; the caller releases them.
    static func attributes(_ account: String? = nil, _ purpose: String? = nil) -> OpaquePointer {
        let attributes = csecret_attributes()
        csecret_set(attributes, "application", application)
        if let account { csecret_set(attributes, "account", account) }
        if let purpose { csecret_set(attributes, "purpose", purpose) }
        return attributes
    }

    /// GLib's key files lose backslashes in attributes and labels, as in secrets.
    static func attribute(_ text: String) -> String {
        text.map { $0 == "\\" ? "%5C" : String($0) }.joined()
    }
}
