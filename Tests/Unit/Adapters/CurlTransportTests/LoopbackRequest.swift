/// A received HTTP request.
struct LoopbackRequest: Sendable {
    /// The number of its connection, from 0 on.
    let connection: Int
    /// The request line and the headers, without the empty line.
    let head: String
    let body: [UInt8]

    var method: String { String(line.prefix { $0 != " " }) }
    var line: String { head.split(whereSeparator: \.isNewline).first.map(String.init) ?? "" }

    /// All values of a header.
    func values(_ name: String) -> [String] {
        head.split(whereSeparator: \.isNewline).dropFirst().compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == name.lowercased() else { return nil }
            return String(parts[1].drop { $0 == " " })
        }
    }
}
