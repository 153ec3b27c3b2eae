import Foundation
import TestSupport
import Testing

/// Counts secrets in a process's memory, which root may read: raw, in base64 and form-encoded, whole or any 16 bytes.
struct MemorySearch {
    struct Count: Equatable {
        var plain = 0
        /// Occurrences in locked pages, which are not swapped or dumped.
        var locked = 0
    }

    /// The secrets by kind.
    private(set) var secrets: [String: Set<String>] = [:]

    mutating func add(_ kind: String, _ texts: String...) { add(kind, texts) }

    mutating func add(_ kind: String, _ texts: [String]) {
        // Shorter texts occur in memory by chance.
        precondition(texts.allSatisfy { $0.utf8.count >= 16 }, "too short to be searched for")
        secrets[kind, default: []].formUnion(texts)
    }

    /// Counts by kind, and the places as text.
    func count(in pid: Int32) async throws -> (counts: [String: Count], places: String) {
        let lines = secrets.flatMap { kind, texts in texts.map { "\(kind) \($0)\n" } }
        let result = try await ChildProcess.run(
            try BuildProducts.path("memory-search"), ["-v", "\(pid)"], input: lines.joined())
        try #require(result.status == 0, "\(result.errors)")
        var counts = secrets.mapValues { _ in Count() }
        for line in result.lines where line.hasPrefix("= ") {
            let fields = line.split(separator: " ")
            counts[String(fields[1])]?.plain += Int(fields[2]) ?? 0
            counts[String(fields[1])]?.locked += Int(fields[3]) ?? 0
        }
        let pages = try #require(result.lines.last.flatMap { Int($0.split(separator: " ").last ?? "") })
        try #require(pages > 1000, "hardly any page was read")
        return (counts, result.lines.filter { !$0.hasPrefix("= ") }.joined(separator: "\n"))
    }
}
