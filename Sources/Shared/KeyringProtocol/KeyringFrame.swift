/// How messages between the agent and the keyring helper follow each other: the length in four bytes, big-endian, and the
/// message. A helper that stays is given one job after the other.
public enum KeyringFrame {
    public static let headerSize = 4

    public static func header(of count: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt32(count).bigEndian) { Array($0) }
    }

    /// The length that a header announces; `nil` if it is not a header, or announces more than `limit`.
    public static func length(_ header: some Collection<UInt8>, limit: Int = KeyringLimits.message) -> Int? {
        guard header.count == headerSize else { return nil }
        let length = header.reduce(0) { $0 << 8 | Int($1) }
        return length <= limit ? length : nil
    }
}

/// What the helper writes first: that it is protected from other programs of its user, and what it understands. It gets
/// no job before.
public enum KeyringGreeting {
    public static let message = Array("authagent-keyring 3 ready".utf8)
    /// In bytes: what is longer is not a greeting.
    public static let limit = 64
}
