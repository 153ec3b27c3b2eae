internal import CSecret
internal import Glibc
internal import KeyringProtocol

/// A GLib error, copied and freed.
struct GLibError: Error {
    /// The name of the D-Bus error, if it is one, and the message.
    let text: String
    /// The name of the D-Bus error.
    let name: String?
    private let isLocked: Bool
    private let isAbsent: Bool

    static func take(_ error: inout UnsafeMutablePointer<GError>?) -> GLibError {
        guard let raw = error else {
            return GLibError(text: "unknown error", name: nil, isLocked: false, isAbsent: false)
        }
        defer { g_clear_error(&error) }
        var name: String?
        if let remote = csecret_dbus_error(raw) {
            name = String(cString: remote)
            g_free(remote)
        }
        g_dbus_error_strip_remote_error(raw)
        let message = [name, String(cString: raw.pointee.message)].compactMap(\.self).joined(separator: ": ")
        // Only line breaks and the like: log and client clean the text before they show it.
        return GLibError(
            text: String(message.unicodeScalars.prefix(200).map { $0.value < 0x20 ? " " : Character($0) }), name: name,
            isLocked: csecret_is_locked_error(raw) != 0, isAbsent: csecret_is_absent_error(raw) != 0
        )
    }

    /// Whether an object is missing at the requested path.
    var isAboutMissingObject: Bool {
        switch name {
        case "org.freedesktop.DBus.Error.UnknownMethod", "org.freedesktop.DBus.Error.UnknownObject",
            "org.freedesktop.Secret.Error.NoSuchObject":
            true
        default: false
        }
    }

    func failure(_ what: String) -> KeyringFailure {
        if isLocked { return KeyringFailure(state: .locked, detail: "the keyring is locked") }
        if isAbsent { return KeyringFailure(state: .noProvider, detail: "the keyring has gone away") }
        return KeyringFailure(state: .failed, detail: "\(what): \(text)")
    }
}
