import Policy
import TestSupport
import Testing

struct GlobTests {
    @Test(
        "a pattern matches the whole name, and only the star is special",
        arguments: [
            ("work", ["work"], ["Work", "work2", "awork", "wor", ""]),
            ("ci-*", ["ci-", "ci-1", "ci-*"], ["ci", "CI-1", "xci-1"]),
            ("*", ["", "work", "a.b"], []),
            ("**", ["", "work"], []),
            ("*-prod", ["a-prod", "-prod", "a-prod-prod"], ["prod", "a-prod-1"]),
            ("a*b", ["ab", "a1b", "abb"], ["a", "b", "ba", "abc"]),
            ("a*a", ["aa", "aaa"], ["a"]),
            ("a*b*c", ["abc", "a1b2c", "abbcc", "abcbc"], ["acb", "ac", "ab", "bc"]),
            ("*a*a*", ["aa", "xaxax"], ["a", "xax"]),
            ("a?", ["a?"], ["ab"]), ("[a]", ["[a]"], ["a"]), ("a.c", ["a.c"], ["abc"]),
        ])
    func matching(pattern: String, matching: [String], others: [String]) {
        let glob = Glob(pattern)
        for name in matching { #expect(glob.matches(name), "\(pattern) \(name)") }
        for name in others { #expect(!glob.matches(name), "\(pattern) \(name)") }
        #expect(glob.isEverything == pattern.allSatisfy { $0 == "*" })
    }

    @Test("a pattern agrees with a naive matcher on every short name")
    func agreement() {
        let letters = ["a", "b", "*"]
        func words(_ length: Int) -> [String] {
            length == 0 ? [""] : words(length - 1).flatMap { word in letters.map { word + $0 } }
        }
        let all = (0...4).flatMap(words)
        for pattern in all where !pattern.isEmpty {
            for name in all where !name.contains("*") {
                #expect(Glob(pattern).matches(name) == Self.slow(pattern[...], name[...]), "\(pattern) \(name)")
            }
        }
    }

    private static func slow(_ pattern: Substring, _ name: Substring) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return slow(pattern.dropFirst(), name) || (!name.isEmpty && slow(pattern, name.dropFirst()))
        }
        return name.first == first && slow(pattern.dropFirst(), name.dropFirst())
    }

    @Test("a pattern of stars costs no more than its length")
    func cost() {
        let glob = Glob(String(repeating: "*a", count: 32) + "b")
        let name = String(repeating: "a", count: 64)
        let start = Duration.processorTime
        for _ in 0..<100 { #expect(!glob.matches(name)) }
        #expect(Duration.processorTime - start < .seconds(10))
    }
}
