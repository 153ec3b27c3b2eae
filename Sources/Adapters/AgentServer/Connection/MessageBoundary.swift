/// Whether the bytes received so far end with a whole request, as far as can be told without an HTTP parser.
///
/// It follows requests without a body, with a `Content-Length` and with chunks (RFC 9112 §6 and §7.1). After anything else
/// it does not know, for the rest of the connection.
struct MessageBoundary {
    private enum Position {
        case between
        /// Within a head, of which this has come.
        case head([UInt8])
        /// Within a body, so many bytes before its end.
        case body(Int)
        /// Within the line that begins a chunk, of which this has come.
        case chunkLine([UInt8])
        /// Within a chunk, so many bytes before the next one.
        case chunk(Int)
        /// After the last chunk, within a line.
        case trailer([UInt8])
        case unknown
    }

    private enum Body {
        case size(Int)
        case chunks
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
                let passed = Self.pass(left, &rest)
                position = passed == left ? .between : .body(left - passed)
            case .chunk(let left):
                let passed = Self.pass(left, &rest)
                position = passed == left ? .chunkLine([]) : .chunk(left - passed)
            case .chunkLine(var line):
                position = .unknown
                guard let isWhole = Self.line(&line, &rest), line.count <= largestHead else { return }
                guard isWhole else { return position = .chunkLine(line) }
                guard let size = Self.chunkSize(line) else { return }
                // The chunk ends with CR LF.
                position = size == 0 ? .trailer([]) : .chunk(size + 2)
            case .trailer(var line):
                position = .unknown
                guard let isWhole = Self.line(&line, &rest), line.count <= largestHead else { return }
                position = isWhole ? (line.count == 2 ? .between : .trailer([])) : .trailer(line)
            case .head(var head):
                // Freed before it grows, so that it is not copied for each byte.
                position = .unknown
                guard let end = Self.end(of: &head, &rest), head.count <= largestHead else { return }
                guard end else { return position = .head(head) }
                switch Self.body(head) {
                case nil: return
                case .chunks: position = .chunkLine([])
                case .size(let size): position = size == 0 ? .between : .body(size)
                }
            }
        }
    }

    /// Skips at most `count` bytes, and returns how many.
    private static func pass(_ count: Int, _ rest: inout Slice<UnsafeRawBufferPointer>) -> Int {
        let passed = min(count, rest.count)
        rest = rest.dropFirst(passed)
        return passed
    }

    /// Moves bytes to the line, up to its end. Returns whether that has come; `nil` if it is not CR LF.
    private static func line(_ line: inout [UInt8], _ rest: inout Slice<UnsafeRawBufferPointer>) -> Bool? {
        guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else {
            line += rest
            rest = rest[rest.endIndex...]
            return false
        }
        line += rest[...end]
        rest = rest[(end + 1)...]
        return line.count >= 2 && line[line.count - 2] == UInt8(ascii: "\r") ? true : nil
    }

    /// Returns the size of a chunk; `nil` if it is not a number of up to seven hexadecimal digits.
    private static func chunkSize(_ line: [UInt8]) -> Int? {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: "\r") }
        guard (1...7).contains(digits.count), digits.first != UInt8(ascii: "+") else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: 16).flatMap { $0 < 0 ? nil : $0 }
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

    /// Returns the body that a head announces; `nil` if parsers may read it in several ways.
    private static func body(_ head: [UInt8]) -> Body? {
        head.withUnsafeBytes { head in
            var body: Body?
            for line in head.split(separator: UInt8(ascii: "\n")).dropFirst() where line.count > 1 {
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
                let (name, value) = (line[..<colon], ByteReader.trimmed(line[(colon + 1)...].dropLast()))
                if ByteReader.isSame(name, "content-length") {
                    // Nine digits are more than HTTP takes.
                    guard body == nil, (1...9).contains(value.count), value.allSatisfy(ByteReader.isDigit) else {
                        return nil
                    }
                    body = Int(String(decoding: value, as: UTF8.self)).map { .size($0) }
                } else if ByteReader.isSame(name, "transfer-encoding") {
                    guard body == nil, ByteReader.isSame(value, "chunked") else { return nil }
                    body = .chunks
                }
            }
            return body ?? .size(0)
        }
    }
}
