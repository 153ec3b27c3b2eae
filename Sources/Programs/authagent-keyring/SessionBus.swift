internal import CSecret
internal import Glibc
internal import KeyringProtocol

/// The session bus and its knowledge of the keyring. No call here activates a service: a keyring started by bus
/// activation is locked, and needs a prompt to be unlocked.
final class SessionBus {
    /// The connection that libsecret uses as well: for a keyring, both are one client.
    private let connection: OpaquePointer
    private let address: String
    /// Tried once: what needs a prompt needs it the second time too.
    private var hasTriedToUnlock = false

    private static let bus = "org.freedesktop.DBus"
    private static let service = "org.freedesktop.secrets"
    private static let servicePath = "/org/freedesktop/secrets"

    /// The owner of the keyring's bus name.
    struct Provider: Equatable {
        /// Its unique connection name, which changes with a restart.
        let connection: String
        /// The process's command name; `nil` if it is not visible, as in a container.
        let program: String?

        /// The kernel keeps 15 bytes of a command name.
        static let gnomeKeyring = "gnome-keyring-d"
    }

    init() throws(KeyringFailure) {
        let addresses: [BusAddress]
        do throws(BusAddress.Missing) { addresses = try Self.addresses() } catch {
            throw KeyringFailure(state: .noBus, detail: error.detail)
        }
        var failure: String?
        for address in addresses {
            // GLib reads the variable at each new connection.
            setenv("DBUS_SESSION_BUS_ADDRESS", address.text, 1)
            var error: UnsafeMutablePointer<GError>?
            if let connection = g_bus_get_sync(G_BUS_TYPE_SESSION, nil, &error) {
                // By default GLib ends the process with SIGTERM when the bus ends; the job's outcome must still be
                // reported.
                g_dbus_connection_set_exit_on_close(connection, gboolean(0))
                self.connection = connection
                self.address = address.text
                return
            }
            let reason = GLibError.take(&error).text
            failure = failure ?? "cannot connect to the session bus at \(address.source): \(reason)"
        }
        throw KeyringFailure(state: .noBus, detail: failure ?? "there is no session bus")
    }

    deinit { csecret_release(UnsafeMutableRawPointer(connection)) }

    /// Existing addresses only: without one, GLib would start a bus of its own.
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

    /// For poll(2); -1 if the bus has no socket.
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
        // A program chooses its own name, and the name is shown on a terminal.
        let shown = line.prefix { $0 > 0x20 && $0 < 0x7F }.map { UInt8(bitPattern: $0) }
        return shown.isEmpty ? nil : String(decoding: shown, as: UTF8.self)
    }

    private func noProvider() -> KeyringFailure {
        var detail = "no keyring is running on the session bus"
        if let reply = try? call(Self.bus, "/org/freedesktop/DBus", Self.bus, "ListActivatableNames", nil) {
            if csecret_contains(reply, Self.service) != 0 {
                detail += "; one is installed, which D-Bus can start but not unlock"
            }
            g_variant_unref(reply)
        }
        return KeyringFailure(state: .noProvider, detail: detail)
    }

    // MARK: - The default collection

    /// The object path of the default collection. Throws unless it exists and is unlocked.
    ///
    /// Found by its alias only: KeePassXC and others have no object at the alias's path.
    func unlockedCollection(of provider: Provider) throws(KeyringFailure) -> String {
        let collection = try defaultCollection()
        guard try isLocked(collection) else { return collection }
        if provider.program == Provider.gnomeKeyring, !hasTriedToUnlock {
            hasTriedToUnlock = true
            // gnome-keyring reports a collection without a password as locked until it is unlocked once.
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
            throw error.failure("the keyring does not report whether it is locked")
        }
    }

    private func unlockWithoutPrompt(_ collection: String) {
        guard let prompt = unlock([collection]) else { return }
        defer { g_free(prompt) }
        // Never shown: it would request a password, possibly with no user present.
        dismiss(prompt)
    }

    /// Unlocks items; returns the path of the prompt that is needed, which the caller frees, or `nil` if none is.
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

    /// Deletes an item. If the keyring prompts first, waits `milliseconds` for the user; 0 suppresses the prompt. The
    /// caller must check whether the item is gone.
    func delete(_ item: String, of provider: Provider, waiting milliseconds: UInt32) throws(GLibError) {
        let reply = try call(provider.connection, item, "org.freedesktop.Secret.Item", "Delete", nil)
        defer { g_variant_unref(reply) }
        guard let prompt = csecret_path(reply) else { return }
        defer { g_free(prompt) }
        guard strcmp(prompt, "/") != 0 else { return }
        // KeePassXC prompts for each deletion; its prompt ends by itself where no confirmation is required.
        let isEnded = milliseconds > 0 && csecret_prompt(connection, provider.connection, prompt, milliseconds) != 0
        if !isEnded { dismiss(prompt) }
    }

    /// Makes the keyring ask the user whether this client may access the items, without waiting for the reply. The
    /// permission is bound to this bus connection.
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

    /// Whether another bus client finds the item locked.
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

    /// The D-Bus error name with which the keyring refuses a session; libsecret drops it.
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
