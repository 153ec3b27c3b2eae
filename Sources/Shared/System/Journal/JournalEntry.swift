/// One entry of systemd's journal in its native protocol: fields with values that may be any bytes.
///
/// The form is that of JOURNAL_NATIVE_PROTOCOL, which systemd documents as stable.
public struct JournalEntry: Sendable {
    /// The entry's datagram.
    public private(set) var bytes: [UInt8] = []

    /// The journal drops an entry that has a field with a longer name.
    private static let longestName = 64

    public init() {}

    /// Adds a field. Letters of the name become capitals, and what the journal allows in no name becomes `_`.
    public mutating func add(_ name: String, _ value: String) {
        bytes += Self.name(name)
        if value.utf8.contains(UInt8(ascii: "\n")) {
            // With a length, so that the value cannot add a field.
            bytes.append(UInt8(ascii: "\n"))
            withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian) { bytes += $0 }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value.utf8
        bytes.append(UInt8(ascii: "\n"))
    }

    /// A name of capitals, digits and `_`. One that begins with `_` would be a field that the journal keeps for itself.
    private static func name(_ text: String) -> [UInt8] {
        var name = text.utf8.prefix(longestName).map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 0x20
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        while let first = name.first, !(UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) { name.removeFirst() }
        return name.isEmpty ? Array("FIELD".utf8) : name
    }
}
