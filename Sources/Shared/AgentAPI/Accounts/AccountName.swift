/// The name of an account on this machine: a file name, a URL path segment and a command line argument.
///
/// 1 to 64 of `A-Z a-z 0-9 . _ - @ +`, starting with a letter or digit, so that a name cannot be a hidden file, a path
/// or an option.
public struct AccountName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let description: String

    /// Parses a name; `nil` if `text` breaks the rule above.
    public init?(_ text: some StringProtocol) { self.init(String(text)) }

    /// Parses a `String` without generics, which cost `authagent token` more time than the request.
    public init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count <= 64, let first = bytes.first, Self.isAlphanumeric(first) else { return nil }
        for byte in bytes where !Self.isAlphanumeric(byte) && !Self.isPunctuation(byte) { return nil }
        description = text
    }

    /// Whether the bytes follow the same rule, without a `String`, which costs `authagent token` page faults.
    package static func isName(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count <= 64, let first = bytes.first, isAlphanumeric(first) else { return false }
        for byte in bytes where !isAlphanumeric(byte) && !isPunctuation(byte) { return false }
        return true
    }

    public static let rule = "1 to 64 letters, digits or '._-@+', starting with a letter or digit"

    public static func < (left: AccountName, right: AccountName) -> Bool { left.description < right.description }

    private static func isPunctuation(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "@"), UInt8(ascii: "+"): true
        default: false
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

extension AccountName: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let name = AccountName(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "an account name is \(Self.rule)")
            )
        }
        self = name
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
