/// Whether the bytes received so far end with a whole request, as far as can be told without an HTTP parser.
///
/// It follows requests without a body or with a `Content-Length`. After anything else it does not know, for the rest of
/// the connection.
struct MessageBoundary {
    private enum Position {
        case between
        /// Within a head, of which this has come.
        case head([UInt8])
        /// Within a body, so many bytes before its end.
        case body(Int)
        case unknown
    }

    private let largestHead: Int
    private var position = Position.between

    /// `largestHead`: in bytes; a longer one is refused by HTTP.
    init(largestHead: Int) { self.largestHead = largestHead }

    var isBetweenMessages: Bool { if case .between = position { true } else { false } }

    mutating func received(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            switch position {
            case .unknown: return
            case .between: position = .head([])
            case .body(let left):
                let count = min(left, rest.count)
                rest = rest.dropFirst(count)
                position = count == left ? .between : .body(left - count)
            case .head(var head):
                // Freed before it grows, so that it is not copied for each byte.
                position = .unknown
                guard let end = Self.end(of: &head, &rest), head.count <= largestHead else { return }
                guard end else { return position = .head(head) }
                guard let size = Self.bodySize(head) else { return }
                position = size == 0 ? .between : .body(size)
            }
        }
    }

    /// Moves bytes to the head, up to the empty line. Returns whether that has come; `nil` if lines end otherwise than
    /// with CR LF, which parsers read in several ways.
    private static func end(of head: inout [UInt8], _ rest: inout Slice<UnsafeRawBufferPointer>) -> Bool? {
        while let line = rest.firstIndex(of: UInt8(ascii: "\n")) {
            head += rest[...line]
            rest = rest[(line + 1)...]
            guard head.count > 2, head[head.count - 2] == UInt8(ascii: "\r") else { return nil }
            if head.count > 4, head[head.count - 3] == UInt8(ascii: "\n") { return true }
        }
        head += rest
        rest = rest[rest.endIndex...]
        return false
    }

    /// Returns the size of the body that a head announces; `nil` if parsers may read it in several ways.
    private static func bodySize(_ head: [UInt8]) -> Int? {
        head.withUnsafeBytes { head in
            var size: Int?
            for line in head.split(separator: UInt8(ascii: "\n")).dropFirst() where line.count > 1 {
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
                let (name, value) = (line[..<colon], ByteReader.trimmed(line[(colon + 1)...].dropLast()))
                if ByteReader.isSame(name, "content-length") {
                    // Nine digits are more than HTTP takes.
                    guard size == nil, (1...9).contains(value.count), value.allSatisfy(ByteReader.isDigit) else {
                        return nil
                    }
                    size = Int(String(decoding: value, as: UTF8.self))
                } else if ByteReader.isSame(name, "transfer-encoding") {
                    return nil
                }
            }
            return size ?? 0
        }
    }
}
