/// The name of one login on this machine: a file name, a URL path segment and a word people type.
///
/// One to 64 of `A-Z a-z 0-9 . _ - @ +`, starting with a letter or digit, so that a name can be neither a hidden
/// file, a path, nor an option.
public struct AccountName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let description: String

    /// Returns nil unless `text` follows the rule above.
    public init?(_ text: some StringProtocol) {
        guard (1...64).contains(text.utf8.count), let first = text.utf8.first, Self.isAlphanumeric(first),
            text.utf8.allSatisfy({ Self.isAlphanumeric($0) || Self.punctuation.contains($0) })
        else { return nil }
        description = String(text)
    }

    public static let rule = "1 to 64 letters, digits or '._-@+', starting with a letter or digit"

    public static func < (left: AccountName, right: AccountName) -> Bool { left.description < right.description }

    private static let punctuation: [UInt8] = Array("._-@+".utf8)

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
