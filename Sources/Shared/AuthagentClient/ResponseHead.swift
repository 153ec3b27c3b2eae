/// The head of an HTTP/1.1 response, as far as this client needs it. Parsed as bytes: `authagent token` is started
/// thousands of times, and each dictionary of strings costs time.
package struct ResponseHead: Equatable, Sendable {
    package var status: Int
    /// `nil` if the body is chunked.
    package var length: Int?
    /// The server closes the connection after this response.
    package var isLast = false

    package typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

    /// `nil` if the head is not an agent's. `bytes` end before the empty line.
    package init?(parsing bytes: Bytes) {
        var rest = bytes
        guard let first = Self.takeLine(of: &rest), let status = Self.status(first) else { return nil }
        self.status = status
        var isChunked = false
        while let line = Self.takeLine(of: &rest) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let (name, value) = (line[..<colon], Self.trimmed(line[(colon + 1)...]))
            if Self.matches(name, "content-length") {
                // Two lengths would allow two readings of where the next response begins (RFC 9112 §6.3).
                guard length == nil, let number = Self.number(value) else { return nil }
                length = number
            } else if Self.matches(name, "transfer-encoding") {
                guard Self.matches(value, "chunked") else { return nil }
                isChunked = true
            } else if Self.matches(name, "connection") {
                isLast = Self.matches(value, "close")
            }
        }
        // RFC 9112 §6.3: the length would be that of another reply.
        if status == 304 { (length, isChunked) = (0, false) }
        guard isChunked != (length != nil) else { return nil }
    }

    private static let lineFeed: UInt8 = 10

    /// Returns the next line that is not empty. An array of all lines would need generic metadata, built at run time.
    private static func takeLine(of rest: inout Bytes) -> Bytes? {
        rest = rest.drop { $0 == lineFeed }
        guard !rest.isEmpty else { return nil }
        let line = rest.prefix { $0 != lineFeed }
        rest = rest[line.endIndex...]
        return trimmed(line)
    }

    /// `HTTP/1.1 200 OK`
    private static func status(_ line: Bytes) -> Int? {
        let version: StaticString = "HTTP/1.1 "
        guard line.count >= 12, matches(line.prefix(9), version) else { return nil }
        let digits = line.dropFirst(9).prefix { $0 != UInt8(ascii: " ") }
        return digits.count == 3 ? number(digits) : nil
    }

    /// Parses decimal digits, bounded to the size of a length.
    private static func number(_ digits: Bytes) -> Int? {
        guard (1...12).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func trimmed(_ bytes: Bytes) -> Bytes {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        var bytes = bytes.drop(while: isSpace)
        while let last = bytes.last, isSpace(last) { bytes = bytes.dropLast() }
        return bytes
    }

    /// Compares ignoring ASCII case, as field names require (RFC 9110 §5.1).
    private static func matches(_ bytes: Bytes, _ word: StaticString) -> Bool {
        word.withUTF8Buffer { word in
            bytes.count == word.count && zip(bytes, word).allSatisfy { lowercased($0) == lowercased($1) }
        }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
