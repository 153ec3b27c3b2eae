/// Whether the bytes received so far end with a whole request, as far as can be told without an HTTP parser.
///
/// It follows requests whose head arrives in one piece, without a body or with a `Content-Length`. After anything else it
/// does not know, for the rest of the connection.
struct MessageBoundary {
    private enum Position {
        case between
        /// Within a body, so many bytes before its end.
        case body(Int)
        case unknown
    }

    private var position = Position.between

    var isBetweenMessages: Bool { if case .between = position { true } else { false } }

    mutating func received(_ bytes: UnsafeRawBufferPointer) {
        switch position {
        case .unknown: return
        case .body(let left): position = Self.after(left - bytes.count)
        case .between:
            guard let head = Self.head(bytes) else { return position = .unknown }
            position = Self.after(head.size + head.bodySize - bytes.count)
        }
    }

    private static func after(_ left: Int) -> Position { left == 0 ? .between : left > 0 ? .body(left) : .unknown }

    /// Returns the size of the head with which the bytes begin, and of the body that it announces; `nil` if they do not
    /// hold a whole head, or one that parsers may read in several ways.
    private static func head(_ bytes: UnsafeRawBufferPointer) -> (size: Int, bodySize: Int)? {
        var start = 0
        var bodySize: Int?
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            guard end > start, bytes[end - 1] == UInt8(ascii: "\r") else { return nil }
            let line = bytes[start..<end - 1]
            if line.isEmpty { return start == 0 ? nil : (end + 1, bodySize ?? 0) }
            if start > 0 {
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
                let (name, value) = (line[..<colon], ByteReader.trimmed(line[(colon + 1)...]))
                if ByteReader.isSame(name, "content-length") {
                    guard bodySize == nil, let size = Int(String(decoding: value, as: UTF8.self)), size >= 0 else {
                        return nil
                    }
                    bodySize = size
                } else if ByteReader.isSame(name, "transfer-encoding") {
                    return nil
                }
            }
            start = end + 1
        }
        return nil
    }
}
