import Formats
import Testing

/// What a terminal without line editing sends.
struct TypedLinesTests {
    private func events(_ texts: String...) -> [TypedLines.Event] {
        var lines = TypedLines()
        return texts.flatMap { lines.take($0.utf8) }
    }

    @Test("lines end with either line end, without the spaces around them; empty ones are nothing")
    func lines() {
        #expect(events("a=b\r", "\n\n  c d \n", "rest") == [.line("a=b"), .line("c d")])
    }

    @Test("backspace takes a whole character, and Ctrl-U and Ctrl-W the line")
    func editing() {
        #expect(events("abé\u{7f}\u{8}c\n") == [.line("ac")])
        #expect(events("\u{7f}a\u{15}b\u{17}c\n") == [.line("c")])
    }

    @Test("Ctrl-D ends the input of an empty line only, and other control characters are dropped")
    func control() {
        #expect(events("a\u{4}\u{0}\u{7}b\n", "\u{4}") == [.line("ab"), .end])
    }

    @Test("the marks of a bracketed paste are dropped, and line breaks and spaces between them")
    func bracketed() {
        #expect(
            events("\u{1b}[200~http://x/?co", "de=1\r\n  &state=2\n\u{1b}[201~", "\n") == [
                .line("http://x/?code=1&state=2")
            ])
        // A mark may arrive in pieces.
        #expect(events("\u{1b}", "[20", "0~a\nb\u{1b}[201", "~\n") == [.line("ab")])
    }

    @Test("keys that send escape sequences add nothing", arguments: ["[A", "OP", "[1;5D", "[15~", "x", "[?2004h"])
    func keys(sequence: String) {
        #expect(events("a\u{1b}\(sequence)b\n") == [.line("ab")])
    }

    @Test("a broken escape sequence loses nothing but itself")
    func broken() {
        #expect(events("a\u{1b}\n") == [.line("a")])
        let long = "\u{1b}[" + String(repeating: "1", count: 40)
        #expect(events("a\(long)\n").count == 1)
    }

    @Test("a line of 10,000 characters is whole, and one beyond the limit is dropped as a whole")
    func longLines() {
        let long = String(repeating: "c", count: 10_000)
        #expect(events(long, "\n") == [.line(long)])
        let tooLong = String(repeating: "c", count: TypedLines.longest + 1)
        #expect(events(tooLong, "\nnext\n") == [.tooLong, .line("next")])
        #expect(events(tooLong.dropLast() + "\n") == [.line(String(tooLong.dropLast()))])
    }

    @Test("the line that is shown is short, in ASCII, and follows what is typed")
    func shown() {
        var lines = TypedLines()
        _ = lines.take("abc".utf8)
        #expect(lines.shown == "abc")
        _ = lines.take("\u{7f}é".utf8)
        #expect(lines.shown == "ab??")
        _ = lines.take(String(repeating: "x", count: 500).utf8)
        #expect(lines.shown.count == 40 && lines.shown.hasSuffix("..."))
        _ = lines.take("\n".utf8)
        #expect(lines.shown.isEmpty)
    }

    @Test("an address in another input than a terminal's is found, wrapped or not")
    func address() {
        for text in [
            "http://x/?a=1&b=2", " http://x/?a=1&b=2\r\n", "http://x/?a=1\n  &b=2\n\n",
            "\u{1b}[200~http://x/?a=1&b=2\u{1b}[201~\n",
        ] {
            #expect(TypedLines.address(in: text.utf8) == "http://x/?a=1&b=2", "\(text)")
        }
        #expect(TypedLines.address(in: " \n".utf8) == nil)
        #expect(TypedLines.address(in: repeatElement(UInt8(ascii: "a"), count: TypedLines.longest + 1)) == nil)
    }
}
