import Foundation
import TestSupport
import Testing

/// Counts secrets in all the memory of a process, as root may read it: as they are, in base64 and encoded as a form, whole
/// or any 16 bytes of them.
struct MemorySearch {
    struct Count: Equatable {
        var plain = 0
        /// In pages that are locked: not swapped, not dumped.
        var locked = 0
    }

    /// By what they are.
    private(set) var secrets: [String: Set<String>] = [:]

    mutating func add(_ kind: String, _ texts: String...) { add(kind, texts) }

    mutating func add(_ kind: String, _ texts: [String]) {
        // Shorter ones stand in memory by chance.
        precondition(texts.allSatisfy { $0.utf8.count >= 16 }, "too short to be searched for")
        secrets[kind, default: []].formUnion(texts)
    }

    /// By what they are; and where they are, in words.
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
