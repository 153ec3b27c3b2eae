internal import Formats
internal import SecretMemory

/// The parsed body of a reply.
package enum ReplyBody: Sendable {
    case empty
    case fields(ReplyFields)
    /// HTML, a proxy's error page, broken or hostile JSON: not sent by an authorization server.
    case foreign

    package var fields: ReplyFields? {
        if case .fields(let fields) = self { fields } else { nil }
    }
}

/// Reads JSON and form-encoded replies by content, not by media type: GitHub sends forms by default, others label JSON
/// as text.
package enum ReplyReader {
    package static func read(_ body: some RandomAccessCollection<UInt8>) -> ReplyBody {
        guard body.count <= JSONReader.maximumSize else { return .foreign }
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let unmarked = body.starts(with: byteOrderMark) ? body.dropFirst(3) : body[...]
        let text = WipedBytes(unmarked.drop { isSpace($0) }.reversed().drop { isSpace($0) }.reversed())
        guard let first = text.first else { return .empty }
        guard first == UInt8(ascii: "{") else {
            return form(text).map { .fields(ReplyFields($0)) } ?? .foreign
        }
        guard case .object(let members)? = try? JSONReader.read(text) else { return .foreign }
        return .fields(ReplyFields(members))
    }

    /// `nil` unless every pair looks like a parameter. Duplicate parameters are refused (RFC 6749 §3.2).
    private static func form(_ text: WipedBytes) -> [String: JSONValue]? {
        guard text.allSatisfy(\.isVisible) else { return nil }
        var members: [String: JSONValue] = [:]
        for pair in text.split(separator: UInt8(ascii: "&")) {
            guard members.count < JSONReader.maximumValues, let equals = pair.firstIndex(of: UInt8(ascii: "=")),
                let name = FormEncoding.decode(pair[..<equals]), isName(name),
                let value = FormEncoding.decode(pair[pair.index(after: equals)...]),
                members.updateValue(.string(value), forKey: name) == nil
            else { return nil }
        }
        return members.isEmpty ? nil : members
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0.isLetterOrDigit || "-._".utf8.contains($0) }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
}
