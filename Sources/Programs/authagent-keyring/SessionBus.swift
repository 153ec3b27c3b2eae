internal import CSecret
internal import Glibc
internal import KeyringProtocol

/// The session bus, and what it knows of the keyring. Nothing here starts a service: one that a question starts is
/// locked, and cannot be unlocked any more without a prompt.
final class SessionBus {
    /// The connection that libsecret uses as well: to a keyring they are one client.
    private let connection: OpaquePointer
    private let address: String
    /// Tried once: what does not open without a prompt does not the second time.
    private var hasTriedToUnlock = false

    private static let bus = "org.freedesktop.DBus"
    private static let service = "org.freedesktop.secrets"
    private static let servicePath = "/org/freedesktop/secrets"

    /// The owner of the keyring's name.
    struct Provider: Equatable {
        /// Its connection's name; another one after a restart.
        let connection: String
        /// The kernel's name of its process; `nil` if it cannot be seen, as from a container.
        let program: String?

        /// The kernel keeps 15 bytes.
        static let gnomeKeyring = "gnome-keyring-d"
    }

    init() throws(KeyringFailure) {
        let addresses: [BusAddress]
        do throws(BusAddress.Missing) { addresses = try Self.addresses() } catch {
            throw KeyringFailure(state: .noBus, detail: error.detail)
        }
        var failure: String?
        for address in addresses {
            // GLib reads the variable whenever it has no connection yet.
            setenv("DBUS_SESSION_BUS_ADDRESS", address.text, 1)
            var error: UnsafeMutablePointer<GError>?
            if let connection = g_bus_get_sync(G_BUS_TYPE_SESSION, nil, &error) {
                // A bus that ends must not end this process by SIGTERM: what the job came to is to be said.
                g_dbus_connection_set_exit_on_close(connection, gboolean(0))
                self.connection = connection
                self.address = address.text
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

    /// For poll(2); -1 for a bus without a socket.
    var descriptor: Int32 { csecret_descriptor(connection) }

    // MARK: - The provider

    func provider() throws(KeyringFailure) -> Provider {
        let reply: OpaquePointer
        do throws(GLibError) {
            reply = try call(Self.bus, "/org/freedesktop/DBus", Self.bus, "GetNameOwner", csecret_text(Self.service))
        } catch {
            guard error.name == "org.freedesktop.DBus.Error.NameHasNoOwner" else {
                throw error.failure("the session bus does not answer")
            }
            throw noProvider()
        }
        defer { g_variant_unref(reply) }
        guard let name = csecret_string(reply) else {
            throw KeyringFailure(state: .failed, detail: "the session bus does not name the keyring's program")
        }
        defer { g_free(name) }
        return Provider(connection: String(cString: name), program: program(of: name))
    }

    private func program(of name: UnsafePointer<CChar>) -> String? {
        guard
            let reply = try? call(
                Self.bus, "/org/freedesktop/DBus", Self.bus, "GetConnectionUnixProcessID", csecret_text(name))
        else { return nil }
        defer { g_variant_unref(reply) }
        let pid = csecret_number(reply)
        guard pid > 0, let file = fopen("/proc/\(pid)/comm", "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 64)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        // A program chooses this name itself, and it is shown to people.
        let shown = line.prefix { $0 > 0x20 && $0 < 0x7F }.map { UInt8(bitPattern: $0) }
        return shown.isEmpty ? nil : String(decoding: shown, as: UTF8.self)
    }

    private func noProvider() -> KeyringFailure {
        var detail = "no keyring runs on the session bus"
        if let reply = try? call(Self.bus, "/org/freedesktop/DBus", Self.bus, "ListActivatableNames", nil) {
            if csecret_contains(reply, Self.service) != 0 {
                detail += "; one is installed, which D-Bus can start, but without its password"
            }
            g_variant_unref(reply)
        }
        return KeyringFailure(state: .noProvider, detail: detail)
    }

    // MARK: - The default collection

    /// The object path of the default collection. Throws unless it is there and unlocked.
    ///
    /// It is known by its alias alone: KeePassXC and others have no object at the alias's path.
    func unlockedCollection(of provider: Provider) throws(KeyringFailure) -> String {
        let collection = try defaultCollection()
        guard try isLocked(collection) else { return collection }
        if provider.program == Provider.gnomeKeyring, !hasTriedToUnlock {
            hasTriedToUnlock = true
            // gnome-keyring counts a collection without a password as locked until it is asked for.
            unlockWithoutPrompt(collection)
            if try !isLocked(collection) { return collection }
        }
        throw KeyringFailure(state: .locked, detail: "the keyring is locked", hasCollection: true)
    }

    private func defaultCollection() throws(KeyringFailure) -> String {
        let none = KeyringFailure(state: .failed, detail: "the keyring has no default collection", hasCollection: false)
        let alias: OpaquePointer
        do throws(GLibError) { alias = try callService("ReadAlias", csecret_text("default")) } catch {
            if error.name == "org.freedesktop.Secret.Error.NoSuchObject" { throw none }
            throw error.failure("the keyring does not name its default collection")
        }
        defer { g_variant_unref(alias) }
        guard let path = csecret_path(alias) else {
            throw KeyringFailure(state: .failed, detail: "the keyring does not name its default collection")
        }
        defer { g_free(path) }
        let collection = String(cString: path)
        guard collection != "/" else { throw none }
        return collection
    }

    private func isLocked(_ collection: String) throws(KeyringFailure) -> Bool {
        do throws(GLibError) {
            let reply = try call(
                Self.service, collection, "org.freedesktop.DBus.Properties", "Get",
                csecret_texts("org.freedesktop.Secret.Collection", "Locked"))
            defer { g_variant_unref(reply) }
            return csecret_property(reply) != 0
        } catch {
            throw error.failure("the keyring does not say whether it is locked")
        }
    }

    private func unlockWithoutPrompt(_ collection: String) {
        guard let prompt = unlock([collection]) else { return }
        defer { g_free(prompt) }
        // Never shown: a password would be asked for, and no person may be there.
        dismiss(prompt)
    }

    /// The prompt without which they cannot be unlocked, to be freed; `nil` if there is none.
    private func unlock(_ paths: [String]) -> UnsafeMutablePointer<CChar>? {
        let texts = paths.map { strdup($0) }
        defer { for text in texts { free(text) } }
        let parameters = texts.map { UnsafePointer($0) }.withUnsafeBufferPointer {
            csecret_path_list($0.baseAddress, Int32($0.count))
        }
        guard let reply = try? callService("Unlock", parameters) else { return nil }
        defer { g_variant_unref(reply) }
        return csecret_unlock_prompt(reply)
    }

    // MARK: - Items

    /// Deletes an item. Where the keyring asks a person first, that is waited for so many milliseconds; 0 does not have it
    /// ask. Whether the item is gone is for the caller to see.
    func delete(_ item: String, of provider: Provider, waiting milliseconds: UInt32) throws(GLibError) {
        let reply = try call(provider.connection, item, "org.freedesktop.Secret.Item", "Delete", nil)
        defer { g_variant_unref(reply) }
        guard let prompt = csecret_path(reply) else { return }
        defer { g_free(prompt) }
        guard strcmp(prompt, "/") != 0 else { return }
        // KeePassXC has a prompt for each deletion, which ends by itself where no person is to confirm.
        let isEnded = milliseconds > 0 && csecret_prompt(connection, provider.connection, prompt, milliseconds) != 0
        if !isEnded { dismiss(prompt) }
    }

    /// Has the keyring ask a person whether this client may have the items, and does not wait for the answer. It counts
    /// for this connection to the bus alone.
    func ask(for items: [String]) {
        guard let prompt = unlock(items) else { return }
        defer { g_free(prompt) }
        let parameters = csecret_text("")
        guard
            let reply = csecret_call(
                connection, Self.service, prompt, "org.freedesktop.Secret.Prompt", "Prompt", parameters, nil)
        else { return }
        g_variant_unref(reply)
    }

    /// Whether another client of the bus finds the item locked.
    func isLockedForOthers(_ item: String) -> Bool {
        let flags = GDBusConnectionFlags(
            rawValue: G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT.rawValue
                | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION.rawValue
        )
        guard let other = g_dbus_connection_new_for_address_sync(address, flags, nil, nil, nil) else { return false }
        defer { csecret_release(UnsafeMutableRawPointer(other)) }
        let parameters = csecret_texts("org.freedesktop.Secret.Item", "Locked")
        guard
            let reply = csecret_call(
                other, Self.service, item, "org.freedesktop.DBus.Properties", "Get", parameters, nil)
        else { return false }
        defer { g_variant_unref(reply) }
        return csecret_property(reply) == 1
    }

    /// The name of the D-Bus error with which the keyring refuses a session; libsecret leaves it out.
    func refusalOfSession() -> String? {
        do throws(GLibError) {
            g_variant_unref(try callService("OpenSession", csecret_session()))
            return nil
        } catch {
            return error.text
        }
    }

    // MARK: - Calls

    private func dismiss(_ prompt: UnsafePointer<CChar>) {
        guard
            let reply = csecret_call(
                connection, Self.service, prompt, "org.freedesktop.Secret.Prompt", "Dismiss", nil, nil)
        else { return }
        g_variant_unref(reply)
    }

    private func callService(_ method: String, _ parameters: OpaquePointer?) throws(GLibError) -> OpaquePointer {
        try call(Self.service, Self.servicePath, "org.freedesktop.Secret.Service", method, parameters)
    }

    private func call(
        _ name: UnsafePointer<CChar>, _ path: UnsafePointer<CChar>, _ interface: String, _ method: String,
        _ parameters: OpaquePointer?
    ) throws(GLibError) -> OpaquePointer {
        var error: UnsafeMutablePointer<GError>?
        guard let reply = csecret_call(connection, name, path, interface, method, parameters, &error) else {
            throw GLibError.take(&error)
        }
        return reply
    }
}
