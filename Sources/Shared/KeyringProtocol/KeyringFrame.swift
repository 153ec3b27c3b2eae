/// The framing of messages between the agent and the keyring helper: the length as four bytes, big-endian, then the
/// message. A helper that stays receives one job after the other.
public enum KeyringFrame {
    public static let headerSize = 4

    public static func header(of count: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
    }

    /// Parses a header's length; `nil` if it is malformed or above `limit`.
    public static func length(_ header: some Collection<UInt8>, limit: Int = KeyringLimits.message) -> Int? {
        guard header.count == headerSize else { return nil }
        let length = header.reduce(0) { $0 << 8 | Int($1) }
        return length <= limit ? length : nil
    }
}

/// The helper's first message: it is protected from other programs of its user, and which jobs it supports. Jobs are
/// sent only after it.
public enum KeyringGreeting {
    public static let message = Array("authagent-keyring 3 ready".utf8)
    /// In bytes; a longer message is not a greeting.
    public static let limit = 64
}
