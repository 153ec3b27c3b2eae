import Formats
import Testing

struct XMLReaderTests {
    private func read(_ text: String) -> XMLElement? { try? XMLReader.read(Array(text.utf8)) }

    @Test("elements, their text and references are read; attributes and the namespace are dropped")
    func document() {
        let found = read(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <A xmlns="https://example.com/" b = 'x&amp;"y' x:c="1">
              <One>a&lt;b&gt;&amp;&quot;&apos;&#65;&#x42;é</One><Two/><Two ></Two >
            </A>

            """)
        #expect(found?.name == "A" && found?.text == "")
        #expect(found?.child("One")?.text == "a<b>&\"'ABé")
        #expect(found?.child("Two") == nil && found?.children.count == 3)
        #expect(found?.child("Three") == nil)
        #expect(read("<a> x\n</a>")?.text == " x\n")
    }

    @Test(
        "anything that a reply of a service does not have is refused",
        arguments: [
            "", "a", "<a>", "<a></b>", "<a/><b/>", "<a/>x", "x<a/>", "<a>x<b/></a>", "<a><b/>x</a>", "<a b></a>",
            "<a b=c/>", "<a b='<'/>", "<a b='x/>", "<x:a/>", "<1a/>", "<-a/>", "< a/>", "<a></ a>", "<!DOCTYPE a><a/>",
            "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>", "<a>&e;</a>", "<a>&lt</a>", "<a>&;</a>", "<a>&#0;</a>",
            "<a>&#8;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a>&#+65;</a>", "<a>&#x;</a>", "<a>& b;</a>",
            "<a><![CDATA[x]]></a>", "<a>]]></a>", "<a><!-- x --></a>", "<!-- x --><a/>", "<a><?x y?></a>", "<?x?><a/>",
            " <?xml version='1.0'?><a/>", "<?xml <a/>", "<a>\u{1}</a>", "<a>\u{0}</a>", "<a>\u{7F}</a>", "\u{FEFF}<a/>",
        ])
    func refused(text: String) { #expect(read(text) == nil) }

    @Test("size, depth and the number of elements are bounded, and the text is UTF-8")
    func bounds() {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(read(nested(XMLReader.maximumDepth)) != nil)
        #expect(throws: XMLRejection.tooDeep) { try XMLReader.read(nested(XMLReader.maximumDepth + 1).utf8) }
        func many(_ count: Int) -> String { "<r>" + String(repeating: "<a/>", count: count) + "</r>" }
        #expect(read(many(XMLReader.maximumElements - 1)) != nil)
        #expect(throws: XMLRejection.tooManyElements) { try XMLReader.read(many(XMLReader.maximumElements).utf8) }
        let long = "<a>" + String(repeating: "x", count: XMLReader.maximumSize) + "</a>"
        #expect(throws: XMLRejection.tooLarge) { try XMLReader.read(long.utf8) }
        #expect(throws: XMLRejection.malformed(offset: 0)) { try XMLReader.read([0x3C, 0x61, 0x3E, 0xFF]) }
        // One deeper than the stack of a thread would bear.
        #expect(read(String(repeating: "<a>", count: 20_000)) == nil)
    }

    @Test("each document that is cut off or has one byte changed is read or refused, and nothing traps")
    func mutations() {
        let bytes = Array("<?xml version='1.0'?><A b='c'><D>&lt;x&#65;</D><E/></A>".utf8)
        for end in bytes.indices { #expect((try? XMLReader.read(bytes[..<end])) == nil) }
        for place in bytes.indices {
            for byte in [0, 0x26, 0x2F, 0x3C, 0x3E, 0x22, 0x27, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[place] = byte
                _ = try? XMLReader.read(changed)
            }
        }
    }
}
