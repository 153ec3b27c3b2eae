import ConfigurationText
import Testing

struct LineDifferenceTests {
    private func lines(_ old: String?, _ new: String?) -> [String] {
        LineDifference(old.map { Array($0.utf8) }, new.map { Array($0.utf8) }).text
    }

    @Test("each change has a head as of diff -U0, and no lines around it")
    func hunks() {
        #expect(
            lines("a\nb\nc\nd\n", "a\nx\nb\nd\ny\n") == [
                "@@ -1,0 +2 @@", "+x", "@@ -3 +3,0 @@", "-c", "@@ -4,0 +5 @@", "+y",
            ])
        #expect(lines(nil, "a\nb\n") == ["@@ -0,0 +1,2 @@", "+a", "+b"])
        #expect(lines("a\n", nil) == ["@@ -1 +0,0 @@", "-a"])
        #expect(lines("a\n", "a\n").isEmpty)
        #expect(lines("a\r\nb\r\n", "a\r\nb\r\nc\n") == ["@@ -2,0 +3 @@", "+c"])
    }

    @Test("of a line that is only partly changed the rest is not shown, because it may hold a secret")
    func partly() {
        let old = "{\"auths\":{\"r\":{\"auth\":\"c2VjcmV0\"}}}\n"
        let new = "{\"auths\":{\"r\":{\"auth\":\"c2VjcmV0\"}},\"credHelpers\":{\"x\":\"authagent\"}}\n"
        let shown = lines(old, new)
        #expect(shown.count == 3 && shown[2].contains("\"credHelpers\":{\"x\":\"authagent\""))
        #expect(!shown.joined().contains("c2VjcmV0"))
    }

    @Test("a setting of a secret that is only moved or laid out anew is shown without its value")
    func guarded() {
        let shown = lines(
            "users:\n- user:\n   token: c2VjcmV0\n   x: 1\n", "users:\n- name: a\n  user:\n    token: c2VjcmV0\n")
        #expect(!shown.joined().contains("c2VjcmV0"), "\(shown)")
    }

    @Test("a file of which very much changes is compared as a whole, at once", .timeLimit(.minutes(1)))
    func large() {
        let old = (0..<60_000).map { "a\($0)" }
        let new = (0..<60_000).map { "b\($0)" }
        let shown = lines(
            (["x"] + old + ["y"]).joined(separator: "\n"), (["x"] + new + ["y"]).joined(separator: "\n"))
        #expect(shown.count == 120_001 && shown.first == "@@ -2,60000 +2,60000 @@")
    }
}
