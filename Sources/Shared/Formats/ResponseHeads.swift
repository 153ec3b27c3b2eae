/// The refusal of a request, as curl(1) prints the heads of its responses with `-i`.
///
/// There may be several heads: of a proxy's tunnel, of interim responses (RFC 9110 §15.2), of redirections, and of a
/// request without credentials. The body follows the last one.
public struct ResponseHeads: Equatable, Sendable {
    /// The status of the response that refuses.
    public let status: Int
    /// The values of its fields `WWW-Authenticate`, joined by commas (RFC 9110 §5.3); `nil` without one.
    public let challenge: String?

    /// In bytes. Servers and clients allow some dozen kilobytes for one head.
    public static let longest = 256 * 1024

    /// Why the text names no refusal.
    public enum Rejection: Error, Equatable, Sendable {
        /// The text does not begin with a status line.
        case notAHead
        /// The head holds a control character.
        case controlCharacter
        /// The heads are longer than `longest`.
        case tooLong
        /// No response has a challenge, and the last one is not 401.
        case notARefusal(status: Int)
    }

    /// Reads the heads at the beginning of `bytes`, and ignores the body after them, and what is beyond `longest`.
    ///
    /// The refusal is the last response with a challenge, unless the server has then accepted the request; or a last
    /// response with 401 and no challenge.
    public init(parsing bytes: [UInt8]) throws(Rejection) {
        let heads = try Self.heads(bytes)
        guard let last = heads.last else { throw .notAHead }
        let refusal = heads.last { $0.challenge != nil } ?? last
        guard !(200...299).contains(last.status), refusal.challenge != nil || last.status == 401 else {
            throw .notARefusal(status: last.status)
        }
        (status, challenge) = (refusal.status, refusal.challenge)
    }

    private struct Head {
        let status: Int
        var fields: [(name: String, value: String)] = []

        var challenge: String? {
            let values = fields.filter { $0.name == "www-authenticate" && !$0.value.isEmpty }.map(\.value)
            return values.isEmpty ? nil : values.joined(separator: ", ")
        }
    }

    private static func heads(_ bytes: [UInt8]) throws(Rejection) -> [Head] {
        var heads: [Head] = []
        var isOpen = false
        var rest = bytes.prefix(longest)
        while !rest.isEmpty {
            let line = rest.prefix { $0 != 0x0A }
            rest = rest[line.endIndex...].dropFirst()
            let text = line.last == 0x0D ? line.dropLast() : line
            if isOpen, !text.isEmpty {
                try read(text, into: &heads[heads.count - 1])
            } else if isOpen {
                isOpen = false
            } else if let status = status(text) {
                heads.append(Head(status: status))
                isOpen = true
            } else if !heads.isEmpty {
                // The body.
                return heads
            } else if !text.isEmpty {
                throw .notAHead
            }
        }
        guard !isOpen || bytes.count < longest else { throw .tooLong }
        return heads
    }

    /// Reads a status line (RFC 9112 §4; of HTTP/2 as curl(1) writes it); `nil` if the line is not one.
    private static func status(_ line: ArraySlice<UInt8>) -> Int? {
        guard line.starts(with: "HTTP/".utf8) else { return nil }
        let words = line.split(separator: 0x20, maxSplits: 2)
        guard words.count >= 2, words[1].count == 3 else { return nil }
        return Int(String(decoding: words[1], as: UTF8.self)).flatMap { (100...599).contains($0) ? $0 : nil }
    }

    private static func read(_ line: ArraySlice<UInt8>, into head: inout Head) throws(Rejection) {
        guard line.allSatisfy({ $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }) else { throw .controlCharacter }
        let isContinued = line.first.map { $0 == 0x20 || $0 == 0x09 } ?? false
        if isContinued, let last = head.fields.indices.last {
            // RFC 9112 §5.2: a folded line is read as one with a space.
            head.fields[last].value += " " + trimmed(line)
            return
        }
        guard let colon = line.firstIndex(of: 0x3A) else { throw .notAHead }
        let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
        head.fields.append((name, trimmed(line[colon...].dropFirst())))
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        let text = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        return String(decoding: Array(text), as: UTF8.self)
    }
}
