internal import AgentAPI
internal import Formats

/// A strictly parsed query string: each name once unless it may repeat, percent-decoding once.
struct QueryParameters {
    private let values: [String: [String]]

    init(_ query: Substring?, allowed: [String], repeatable: Set<String> = []) throws(Problem) {
        var values: [String: [String]] = [:]
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = Self.decoded(parts.count == 2 ? parts[1] : "") else {
                throw Problem(.badRequest, "the query is not percent-encoded UTF-8", hint: Self.hint(allowed))
            }
            guard allowed.contains(name) else {
                throw Problem(.badRequest, "unknown query parameter '\(Self.shown(name))'", hint: Self.hint(allowed))
            }
            guard values[name] == nil || repeatable.contains(name) else {
                throw Problem(.badRequest, "query parameter '\(name)' is repeated", hint: Self.hint(allowed))
            }
            values[name, default: []].append(value)
        }
        self.values = values
    }

    /// Returns all values of a parameter, in order.
    func all(_ name: String) -> [String] { values[name] ?? [] }

    func text(_ name: String) -> String? { values[name]?.first }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = text(name) else { return nil }
        // Int also parses "+5", which in a query is a space and a digit.
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text),
            range.contains(number)
        else {
            throw Problem(
                .badRequest,
                "\(name) is not a number from \(range.lowerBound) to \(range.upperBound)",
                hint: "give whole seconds"
            )
        }
        return number
    }

    func bool(_ name: String) throws(Problem) -> Bool? {
        switch text(name) {
        case nil: return nil
        case "true"?: return true
        case "false"?: return false
        default: throw Problem(.badRequest, "\(name) is neither true nor false", hint: "give \(name)=true")
        }
    }

    private static func hint(_ allowed: [String]) -> String {
        allowed.isEmpty ? "this resource takes no parameters" : "known parameters: \(allowed.joined(separator: ", "))"
    }

    /// Returns the client's text as a message may quote it: at most 40 printable ASCII characters, since every known name
    /// is ASCII; DisplayText would keep letters that look alike.
    private static func shown(_ text: String) -> String {
        String(text.unicodeScalars.filter { (0x20...0x7E).contains($0.value) }.prefix(40).map(Character.init))
    }

    private static func decoded(_ text: Substring) -> String? { PercentEncoding.decodeText(text, plusIsSpace: true) }
}
