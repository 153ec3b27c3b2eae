/// Writes the numbers and texts of a message.
struct PacketWriter {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }

    mutating func add(_ text: String) {
        add(UInt32(text.utf8.count))
        bytes += text.utf8
    }

    mutating func add(_ digest: ProgramDigest) { bytes += digest.bytes }
}

/// Reads the numbers and texts of a message. Each function returns `nil` if the message does not have it.
struct PacketReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number? {
        take(Number.bitWidth / 8)?.reversed().reduce(0) { ($0 << 8) | Number(truncatingIfNeeded: $1) }
    }

    mutating func text() -> String? {
        guard let count = number(UInt32.self) else { return nil }
        return take(Int(count)).map { String(decoding: $0, as: UTF8.self) }
    }

    mutating func digest() -> ProgramDigest? { take(ProgramDigest.size).flatMap { ProgramDigest(Array($0)) } }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
