/// A session bus address and the variable it comes from.
public struct BusAddress: Equatable, Sendable {
    public let text: String
    /// For messages: a variable with its value, or a path.
    public let source: String

    /// The reason for having no address to try, as text.
    public struct Missing: Error, Equatable, Sendable {
        public let detail: String

        package init(_ detail: String) { self.detail = detail }
    }

    static let variable = "DBUS_SESSION_BUS_ADDRESS"

    /// Returns the addresses to try, in order. `owner` returns a file's user, or `nil` if it does not exist.
    ///
    /// A variable comes before the user's bus in /run/user, because the agent keeps its first environment, whose bus
    /// may have ended. A value without a bus, such as `disabled:`, is respected. Buses of other users and
    /// `autolaunch:`, which starts one, are never tried.
    public static func choices(
        environment: [String: String], user: UInt32, owner: (String) -> UInt32?
    ) throws(Missing) -> [BusAddress] {
        let home = "/run/user/\(user)"
        let own = owner(home) == user && owner(home + "/bus") == user ? BusAddress(file: home + "/bus") : nil
        if let value = environment[variable], !value.isEmpty {
            let source = "\(variable)=\(shown(value))"
            let entries = value.split(separator: ";").map(String.init).filter(isAddress)
            let trusted = entries.filter { entry in isTrusted(entry, user: user, owner: owner) }
            guard trusted.isEmpty else {
                let named = BusAddress(text: trusted.joined(separator: ";"), source: source)
                return [named] + [own].compactMap(\.self).filter { $0.text != named.text }
            }
            if !entries.isEmpty, let own { return [own] }
            throw Missing(
                entries.isEmpty
                    ? "the session bus cannot be reached: \(source) has no usable address"
                    : "the session bus cannot be reached: the one in \(source) belongs to another user")
        }
        if let runtime = environment["XDG_RUNTIME_DIR"], !runtime.isEmpty, let found = owner(runtime + "/bus") {
            if found == user {
                let address = BusAddress(file: runtime + "/bus")
                return [address] + [own].compactMap(\.self).filter { $0 != address }
            }
            if own == nil {
                throw Missing(
                    "the session bus cannot be reached: the one in XDG_RUNTIME_DIR=\(shown(runtime)) belongs to user"
                        + " \(found)")
            }
        }
        guard let own else { throw Missing("there is no session bus") }
        return [own]
    }

    private init(text: String, source: String) { (self.text, self.source) = (text, source) }

    private init(file: String) { self.init(text: "unix:path=\(Self.escaped(file))", source: file) }

    /// Whether a client can connect to the address without starting anything (D-Bus Specification, "Server Addresses").
    private static func isAddress(_ entry: String) -> Bool {
        ["unix:", "tcp:", "nonce-tcp:"].contains { entry.hasPrefix($0) && entry.count > $0.count }
    }

    private static func isTrusted(_ entry: String, user: UInt32, owner: (String) -> UInt32?) -> Bool {
        guard entry.hasPrefix("unix:") else { return true }
        let keys = entry.dropFirst("unix:".count).split(separator: ",")
        guard let path = keys.lazy.compactMap({ $0.hasPrefix("path=") ? $0.dropFirst(5) : nil }).first,
            let found = owner(unescaped(path))
        else { return true }
        return found == user
    }

    /// Lenient, unlike PercentEncoding: it only finds the file whose owner is checked.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Escapes all bytes except those that the specification allows plain.
    private static func escaped(_ path: String) -> String {
        path.utf8.map { byte in
            let scalar = Unicode.Scalar(byte)
            let isPlain =
                (scalar.isASCII && Character(scalar).isLetter) || (0x30...0x39).contains(byte)
                || "-_/.\\*".unicodeScalars.contains(scalar)
            return isPlain ? String(Character(scalar)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    /// Bounds the text and makes what is not printable ASCII visible: an address has nothing else.
    private static func shown(_ value: String) -> String {
        String(value.unicodeScalars.prefix(120).map { (0x20...0x7E).contains($0.value) ? Character($0) : "?" })
    }
}
