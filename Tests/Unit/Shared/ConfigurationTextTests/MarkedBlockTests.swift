import ConfigurationText
import Testing

struct MarkedBlockTests {
    private let block = MarkedBlock("git work", ["[a]", "\tb = c"])

    private func removed(_ text: [UInt8]) throws -> [UInt8]? {
        try MarkedBlock.removed(from: text) { $0 == "git work" }
    }

    @Test(
        "whatever the end of a file, removal gives back its bytes",
        arguments: ["", "x", "x\n", "x\n\n", "x\r\n", "x\r\ny", "\u{FEFF}x", "é\n# authagent\n"])
    func roundTrip(text: String) throws {
        let old = Array(text.utf8)
        let new = try block.written(to: old)
        #expect(new.starts(with: old) && new.count > old.count)
        #expect((new.last == 10) == (old.isEmpty || old.last == 10))
        #expect(try removed(new) == old)
    }

    @Test("bytes that are not UTF-8 stay as they are")
    func otherEncoding() throws {
        let old: [UInt8] = [0x6E, 0xE9, 0xFF, 10]
        #expect(try removed(block.written(to: old)) == old)
    }

    @Test("a file that was created for the block is removed with it, also if the block is written again")
    func created() throws {
        let new = try block.written(to: nil)
        #expect(String(decoding: new, as: UTF8.self).hasPrefix("# authagent begin git work "))
        #expect(try removed(new) == .some(nil))
        #expect(try removed(MarkedBlock("git work", ["other"]).written(to: new)) == .some(nil))
        #expect(try removed(new + Array("[mine]\n".utf8)) == Array("[mine]\n".utf8))
    }

    @Test("whichever of two blocks is removed last takes the file with it")
    func createdForTwo() throws {
        let both = try MarkedBlock("npm work", ["x"]).written(to: block.written(to: nil))
        for names in [["git work", "npm work"], ["npm work", "git work"]] {
            let one = try #require(try MarkedBlock.removed(from: both) { $0 == names[0] })
            #expect(try MarkedBlock.names(in: one) == [names[1]])
            #expect(try MarkedBlock.removed(from: one) { $0 == names[1] } == .some(nil))
        }
    }

    @Test("written twice, the text is the same; other lines replace the earlier ones at their place")
    func again() throws {
        let first = try block.written(to: Array("x\n".utf8)) + Array("y\n".utf8)
        #expect(try block.written(to: first) == first)
        let second = try MarkedBlock("git work", ["[d]"]).written(to: first)
        let text = String(decoding: second, as: UTF8.self)
        #expect(text.contains("[d]\n# authagent end git work\ny\n") && !text.contains("[a]"))
        #expect(try removed(second) == Array("x\ny\n".utf8))
    }

    @Test(
        "at the start or after a line, removal gives back the bytes", arguments: [MarkedBlock.Place.start, .offset(4)])
    func places(place: MarkedBlock.Place) throws {
        let old = Array("[g]\nx=1\n".utf8)
        let new = try block.written(to: old, at: place)
        #expect(try removed(new) == old)
    }

    @Test("after a last line without a line feed, removal gives back the bytes")
    func headerAtEnd() throws {
        let old = Array("[g]".utf8)
        let new = try block.written(to: old, at: .offset(3))
        #expect(String(decoding: new, as: UTF8.self).hasPrefix("[g]\n# authagent begin"))
        #expect(try removed(new) == old)
    }

    @Test("blocks of other tools and accounts stay")
    func others() throws {
        let both = try MarkedBlock("git home", ["[h]"]).written(to: block.written(to: Array("x\n".utf8)))
        #expect(try MarkedBlock.names(in: both) == ["git work", "git home"])
        let one = try #require(try removed(both))
        #expect(try MarkedBlock.names(in: one) == ["git home"])
        #expect(try MarkedBlock.removed(from: both) { _ in true } == Array("x\n".utf8))
    }

    @Test("a line that was changed or added inside the block is kept: the block is refused")
    func changed() throws {
        let text = String(decoding: try block.written(to: Array("x\n".utf8)), as: UTF8.self)
        for other in [text.replacing("b = c", with: "b = d"), text.replacing("[a]\n", with: "[a]\n\tmine = 1\n")] {
            let bytes = Array(other.utf8)
            #expect(throws: ConfigurationProblem.changed(block: "git work", line: 2)) { try removed(bytes) }
            #expect(throws: ConfigurationProblem.changed(block: "git work", line: 2)) { try block.written(to: bytes) }
        }
    }

    @Test("a marker that is alone, there twice, or without a checksum is refused")
    func markers() throws {
        let begin = "# authagent begin git work 12345678\n"
        let end = "# authagent end git work\n"
        let cases = [
            (begin, 1), (end, 1), (begin + begin + end, 2), ("# authagent begin\u{20}git\n", 1),
            (begin + "# authagent end git home\n", 2), (begin + end + begin + end, 4), ("# authagent begin \n", 1),
        ]
        for (text, line) in cases {
            #expect(throws: ConfigurationProblem.marker(line: line), "\(text)") { try removed(Array(text.utf8)) }
        }
    }
}
