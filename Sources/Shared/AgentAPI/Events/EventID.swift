/// The number of an event within one agent process.
///
/// A restarted agent counts from the beginning with a new origin, so that it never takes an id of an earlier process
/// for its own.
public struct EventID: Hashable, Sendable, CustomStringConvertible {
    /// Lower-case letters and digits.
    public let origin: String
    public let count: UInt64

    public init(origin: String, count: UInt64) {
        self.origin = origin
        self.count = count
    }

    /// Parses an id; `nil` if no agent could have sent the text.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...32).contains(parts[0].utf8.count), parts[0].utf8.allSatisfy(Self.isOrigin),
            parts[1].utf8.allSatisfy(Self.isDigit), let count = UInt64(parts[1])
        else { return nil }
        origin = String(parts[0])
        self.count = count
    }

    public var description: String { "\(origin)-\(count)" }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isOrigin(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}

extension EventID: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let id = EventID(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "the text is not an event id")
            )
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
