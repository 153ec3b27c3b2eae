internal import CSecret
internal import Glibc
internal import KeyringRecords

/// The session bus, asked about the keyring without waking anybody: a service that is started by a question would be
/// a locked one, which cannot be unlocked any more without a prompt.
struct SessionBus: ~Copyable {
    private let connection: OpaquePointer

    private static let service = "org.freedesktop.secrets"
    private static let servicePath = "/org/freedesktop/secrets"

    init() throws(KeyringFailure) {
        let addresses: [BusAddress]
        do throws(BusAddress.Missing) { addresses = try Self.addresses() } catch {
            throw KeyringFailure(state: .noBus, detail: error.detail)
        }
        let flags = GDBusConnectionFlags(
            rawValue: G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT.rawValue
                | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION.rawValue
        )
        var failure: String?
        for address in addresses {
            var error: UnsafeMutablePointer<GError>?
            if let connection = g_dbus_connection_new_for_address_sync(address.text, flags, nil, nil, &error) {
                // libsecret connects by itself and reads the variable.
                setenv("DBUS_SESSION_BUS_ADDRESS", address.text, 1)
                self.connection = connection
                return
            }
            let reason = GLibError.take(&error).text
            failure = failure ?? "the session bus cannot be reached at \(address.source): \(reason)"
        }
        throw KeyringFailure(state: .noBus, detail: failure ?? "there is no session bus")
    }

    deinit { csecret_release(UnsafeMutableRawPointer(connection)) }

    /// Only addresses that are there: without one GLib would start a bus of its own.
    private static func addresses() throws(BusAddress.Missing) -> [BusAddress] {
        var environment: [String: String] = [:]
        for name in ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"] {
            environment[name] = getenv(name).map { String(cString: $0) }
        }
        return try BusAddress.choices(environment: environment, user: geteuid()) { path in
            var status = stat()
            return stat(path, &status) == 0 ? status.st_uid : nil
        }
    }

    /// The object path of the default collection. Throws unless there is a provider that has one, unlocked.
    func unlockedCollection() throws(KeyringFailure) -> String {
        let owner = try call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner",
            csecret_text(Self.service)
        )
        defer { g_variant_unref(owner) }
        guard csecret_boolean(owner) != 0 else {
            throw KeyringFailure(state: .noProvider, detail: "no keyring runs on the session bus")
        }
        let alias = try call(
            Self.service, Self.servicePath, "org.freedesktop.Secret.Service", "ReadAlias", csecret_text("default")
        )
        defer { g_variant_unref(alias) }
        guard let path = csecret_path(alias) else {
            throw KeyringFailure(state: .failed, detail: "the keyring does not name its default collection")
        }
        defer { g_free(path) }
        let collection = String(cString: path)
        guard collection != "/" else {
            throw KeyringFailure(
                state: .failed, detail: "the keyring has no default collection", hasCollection: false
            )
        }
        let locked = try call(
            Self.service, path, "org.freedesktop.DBus.Properties", "Get",
            csecret_texts("org.freedesktop.Secret.Collection", "Locked")
        )
        defer { g_variant_unref(locked) }
        guard csecret_property(locked) == 0 else {
            throw KeyringFailure(state: .locked, detail: "the keyring is locked", hasCollection: true)
        }
        return collection
    }

    private func call(
        _ name: String, _ path: UnsafePointer<CChar>, _ interface: String, _ method: String,
        _ parameters: OpaquePointer?
    ) throws(KeyringFailure) -> OpaquePointer {
        var error: UnsafeMutablePointer<GError>?
        guard let reply = csecret_call(connection, name, path, interface, method, parameters, &error) else {
            throw GLibError.take(&error).failure("the keyring does not answer")
        }
        return reply
    }
}

/// An error of GLib, copied and freed.
struct GLibError {
    let text: String
    private let isLocked: Bool
    private let isAbsent: Bool

    static func take(_ error: inout UnsafeMutablePointer<GError>?) -> GLibError {
        guard let raw = error else { return GLibError(text: "unknown error", isLocked: false, isAbsent: false) }
        defer { g_clear_error(&error) }
        let message = String(cString: raw.pointee.message)
        return GLibError(
            text: String(message.unicodeScalars.prefix(200).map { $0.value < 0x20 ? " " : Character($0) }),
            isLocked: csecret_is_locked_error(raw) != 0, isAbsent: csecret_is_absent_error(raw) != 0
        )
    }

    func failure(_ what: String) -> KeyringFailure {
        if isLocked { return KeyringFailure(state: .locked, detail: "the keyring is locked") }
        if isAbsent { return KeyringFailure(state: .noProvider, detail: "the keyring has gone away") }
        return KeyringFailure(state: .failed, detail: "\(what): \(text)")
    }
}
