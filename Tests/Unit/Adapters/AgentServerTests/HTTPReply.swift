import AgentAPI
import Foundation

/// One reply from the socket.
struct HTTPReply: Sendable {
    let status: Int
    let fields: [(name: String, value: String)]
    var body: String = ""

    /// The joined values of a field; `nil` if it is missing.
    subscript(name: String) -> String? {
        let values = fields.filter { $0.name.lowercased() == name }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    var isClosing: Bool { self["connection"] == "close" }

    /// The problem; `nil` if its media type or its status member is wrong.
    var problem: Problem? {
        guard self["content-type"] == Problem.mediaType, json?["status"] as? Int == status else { return nil }
        return try? APIJSON.decode(Problem.self, from: body.utf8)
    }

    var json: [String: Any]? {
        (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any]
    }

    /// Parses a status line and fields, without the empty line.
    init?(head: String) {
        var lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
        let words = lines.removeFirst().split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard words.count == 3, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else { return nil }
        self.status = status
        fields = lines.compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return parts.count == 2 ? (String(parts[0]), parts[1].trimmingCharacters(in: .whitespaces)) : nil
        }
    }
}
