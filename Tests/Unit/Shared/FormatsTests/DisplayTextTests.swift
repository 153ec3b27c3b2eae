import Formats
import ReplyCorpus
import Testing

@Suite struct DisplayTextTests {
    @Test(
        "S1: control sequences and invisible characters are removed",
        arguments: [
            ("plain text – żółć 🙂", "plain text – żółć 🙂"),
            ("a\u{1B}[31mred\u{1B}[0m b", "ared b"),
            ("\u{1B}]0;owned\u{7}title", "title"), ("\u{1B}]52;c;ZXZpbA==\u{1B}\\clip", "clip"),
            ("\u{1B}]8;;https://evil/\u{1B}\\link\u{1B}]8;;\u{1B}\\", "link"),
            ("\u{1B}P1$r0m\u{1B}\\x", "x"), ("\u{9B}2Jx", "x"), ("\u{9D}0;t\u{9C}x", "x"), ("\u{1B}(Bx", "x"),
            ("\u{1B}cx", "x"), ("x\u{1B}", "x"), ("x\u{1B}[", "x"), ("\u{1B}\u{1B}[1mx", "x"),
            ("\u{1B}[1\u{1B}[2mx", "x"), ("\u{1B}[31\nx", "x"), ("\u{1B}]0;\u{1B}[1mx", "x"), ("\u{1B}é", "é"),
            ("a\u{0}b\u{8}c\u{7F}d\u{7}", "abcd"), ("a\u{80}\u{9F}b", "a"),
            ("pay\u{202E}lap\u{202C}", "paylap"), ("\u{2066}a\u{2069}", "a"), ("a\u{200B}\u{200D}\u{FEFF}b", "ab"),
            ("a\u{E0041}\u{AD}\u{2060}b", "ab"), ("\u{E000}\u{F8FF}a", "a"), ("\u{3164}\u{115F}a", "a"),
            ("a\r\nb\tc\u{85}d\u{2028}e\u{2029}f", "a b c d e f"), ("  a \n\n b  ", "a b"), ("\n", ""), ("", ""),
        ]
    )
    func clean(text: String, expected: String) {
        #expect(DisplayText.clean(text) == expected)
    }

    @Test("S1: a text of 1 MB is shortened, with an ellipsis")
    func bounded() {
        let text = DisplayText.clean(String(repeating: "a", count: 1_000_000))
        #expect(text == String(repeating: "a", count: 299) + "…")
        #expect(DisplayText.clean(String(repeating: "a", count: 300)).hasSuffix("a"))
        #expect(DisplayText.clean("abc", limit: 2) == "a…")
        #expect(DisplayText.clean("ab c", limit: 3) == "ab…")
        #expect(DisplayText.clean("abc", limit: 0) == "")
    }

    @Test("S1: the limit counts scalars, so that one character cannot have a million marks")
    func marks() {
        let text = DisplayText.clean("a" + String(repeating: "\u{301}", count: 10_000))
        #expect(text.unicodeScalars.count == 300)
    }

    @Test("S1: cleaning is idempotent for any sequence of scalars")
    func idempotent() {
        var random = SeededGenerator(seed: 3)
        let alphabet: [Unicode.Scalar] = [
            "a", " ", "\n", "\u{1B}", "[", "]", "m", "\u{7}", "\\", "P", "\u{9B}", "\u{9D}", "\u{202E}", "é", "1", ";",
        ]
        for _ in 0..<2_000 {
            var scalars = String.UnicodeScalarView()
            for _ in 0..<Int.random(in: 0...24, using: &random) {
                scalars.append(alphabet.randomElement(using: &random) ?? "a")
            }
            let once = DisplayText.clean(String(scalars), limit: 12)
            #expect(DisplayText.clean(once, limit: 12) == once)
            #expect(once.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) })
        }
    }
}
