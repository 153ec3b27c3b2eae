internal import Formats

/// The head of an HTTP/1.1 request, as far as clients of the endpoints send it (RFC 9112). Anything that two readers could
/// read in two ways is refused.
public struct LoopbackRequest: Equatable, Sendable {
    public let method: String
    /// Without the query.
    public let path: String
    /// The query as it was sent; `nil` without one.
    public let rawQuery: String?
    /// The parameters of the query, decoded. None occurs twice. Empty with `Reading.lenient`.
    public let query: [String: String]
    private let fields: [(name: String, value: String)]

    private static let mostFields = 64

    /// How much of a request its reader checks.
    public enum Reading: Sendable {
        case strict
        /// Leaves the query to another reader, and takes what browsers send in fields that are not read, such as cookies.
        case lenient
    }

    /// Why a request is refused, with its status.
    public struct Rejection: Error, Equatable, Sendable {
        public let status: Int
        public let detail: String
    }

    /// Reads a head that ends with an empty line.
    public init(parsing head: [UInt8], _ reading: Reading = .strict) throws(Rejection) {
        guard head.suffix(4) == [13, 10, 13, 10] else { throw .bad("the head is not complete") }
        var lines: [[UInt8]] = []
        var rest = head.dropLast(2)
        while let end = rest.firstIndex(of: 10) {
            guard end > rest.startIndex, rest[end - 1] == 13 else { throw .bad("a line does not end with CRLF") }
            lines.append(Array(rest[..<(end - 1)]))
            rest = rest[(end + 1)...]
        }
        let parts = lines.first?.split(separator: 0x20, omittingEmptySubsequences: false) ?? []
        guard parts.count == 3, parts[0].allSatisfy(Self.isToken), !parts[0].isEmpty else {
            throw .bad("the request line is malformed")
        }
        guard parts[2].elementsEqual("HTTP/1.1".utf8) || parts[2].elementsEqual("HTTP/1.0".utf8) else {
            throw Rejection(status: 505, detail: "only HTTP/1.1 is spoken here")
        }
        method = String(decoding: parts[0], as: UTF8.self)
        (path, rawQuery) = try Self.target(parts[1])
        query = reading == .strict ? try Self.parameters(rawQuery ?? "") : [:]
        fields = try Self.fields(lines.dropFirst(), reading)
        try requireOneMeaning(isOld: parts[2].last == UInt8(ascii: "0"))
    }

    /// The value of the field, in any case; `nil` without it.
    public subscript(_ name: String) -> String? {
        fields.first { $0.name == name.lowercased() }?.value
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.method == right.method && left.path == right.path && left.rawQuery == right.rawQuery
            && left.fields.elementsEqual(right.fields) { $0.name == $1.name && $0.value == $1.value }
    }

    private func requireOneMeaning(isOld: Bool) throws(Rejection) {
        // RFC 9110 §5.3 lets a proxy join fields of the same name; of these there must be one.
        for name in ["host", "authorization", "x-identity-header", "content-length", "origin"]
        where fields.count(where: { $0.name == name }) > 1 {
            throw .bad("the field '\(name)' occurs twice")
        }
        guard self["transfer-encoding"] == nil, self["content-length"].map({ $0 == "0" }) ?? true else {
            throw .bad("the request has a body")
        }
        guard isOld || self["host"] != nil else { throw .bad("the field 'host' is missing") }
    }

    private static func fields(
        _ lines: ArraySlice<[UInt8]>, _ reading: Reading
    ) throws(Rejection) -> [(name: String, value: String)] {
        guard lines.count <= mostFields else { throw Rejection(status: 431, detail: "there are too many fields") }
        var fields: [(name: String, value: String)] = []
        for line in lines {
            // RFC 9112 §5.1: no space before the colon; §5.2: no continued line, which begins with one.
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0, line[..<colon].allSatisfy(isToken)
            else {
                throw .bad("a field is malformed")
            }
            let value = line[(colon + 1)...].drop(while: isSpace).reversed().drop(while: isSpace).reversed()
            // RFC 9110 §5.5: bytes above ASCII are opaque.
            guard value.allSatisfy({ $0 == 9 || (0x20...0x7E).contains($0) || (reading == .lenient && $0 >= 0x80) })
            else { throw .bad("a field has other characters than ASCII") }
            fields.append(
                (
                    String(decoding: line[..<colon], as: UTF8.self).lowercased(),
                    String(decoding: Array(value), as: UTF8.self)
                ))
        }
        return fields
    }

    /// Reads a target in origin form (RFC 9112 §3.2.1): its path and query.
    private static func target(_ bytes: ArraySlice<UInt8>) throws(Rejection) -> (String, String?) {
        guard bytes.first == UInt8(ascii: "/"), bytes.allSatisfy({ (0x21...0x7E).contains($0) }),
            !bytes.contains(UInt8(ascii: "#"))
        else { throw .bad("the target is malformed") }
        let path = bytes.prefix { $0 != UInt8(ascii: "?") }
        let query = path.endIndex == bytes.endIndex ? nil : bytes[path.endIndex...].dropFirst()
        return (String(decoding: path, as: UTF8.self), query.map { String(decoding: $0, as: UTF8.self) })
    }

    private static func parameters(_ text: String) throws(Rejection) -> [String: String] {
        var query: [String: String] = [:]
        for pair in Array(text.utf8).split(separator: UInt8(ascii: "&")) {
            let word = pair.prefix { $0 != UInt8(ascii: "=") }
            guard let name = decoded(word), let value = decoded(pair[word.endIndex...].dropFirst()) else {
                throw .bad("the query is malformed")
            }
            guard query.updateValue(value, forKey: name) == nil else { throw .bad("a parameter occurs twice") }
        }
        return query
    }

    /// `nil` if it is not the encoding of UTF-8 text.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String? {
        PercentEncoding.decodeText(Substring(String(decoding: bytes, as: UTF8.self)), plusIsSpace: true)
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// RFC 9110 §5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool { byte.isLetterOrDigit || "!#$%&'*+-.^_`|~".utf8.contains(byte) }
}

extension LoopbackRequest.Rejection {
    static func bad(_ detail: String) -> Self { Self(status: 400, detail: detail) }
}
