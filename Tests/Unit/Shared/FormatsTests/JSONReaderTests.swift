import Formats
import Testing

@Suite struct JSONReaderTests {
    private func read(_ text: String) throws(JSONRejection) -> JSONValue { try JSONReader.read(Array(text.utf8)) }

    @Test(
        "every kind of value is read",
        arguments: [
            ("null", .null), (" true ", .bool(true)), ("false", .bool(false)), ("0", .number("0")),
            ("-12.50e+3", .number("-12.50e+3")), ("\"\"", .string("")), ("[]", .array([])), ("{ }", .object([:])),
            ("[1,[2] , {}]", .array([.number("1"), .array([.number("2")]), .object([:])])),
            ("{\"a\" : {\"b\":null} ,\"c\":\"d\"}", .object(["a": .object(["b": .null]), "c": .string("d")])),
            ("\r\n\t[\n]", .array([])),
        ] as [(String, JSONValue)]
    )
    func values(text: String, expected: JSONValue) throws {
        #expect(try read(text) == expected)
    }

    @Test(
        "escapes are decoded: surrogate pairs as one character, lone surrogates as U+FFFD",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
            (#""\uD83D\uDE42""#, "🙂"), (#""\ud83d""#, "\u{FFFD}"), (#""\ude42x""#, "\u{FFFD}x"),
            (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\u0000""#, "\u{0}"),
        ]
    )
    func escapes(text: String, expected: String) throws {
        #expect(try read(text) == .string(expected))
    }

    @Test(
        "malformed JSON is refused",
        arguments: [
            "", " ", "{", "}", "[", "[1", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}",
            "{\"a\":1 \"b\":2}", "tru", "True", "nul", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN",
            "Infinity", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\u{0}\"", "\"\u{1F}\"",
            "{}x", "{} {}", "[] ,", "1 2", "//c\n1", "{1:2}", "{\"a\":1]", "<html>",
        ]
    )
    func malformed(text: String) {
        #expect(throws: JSONRejection.self) { try read(text) }
    }

    @Test("a duplicate member is refused, also if one name is escaped")
    func duplicates() {
        #expect(throws: JSONRejection.duplicateMember) { try read(#"{"a":1,"a":1}"#) }
        #expect(throws: JSONRejection.duplicateMember) { try read(#"{"access_token":"x","access\u005ftoken":"y"}"#) }
        #expect(throws: JSONRejection.duplicateMember) { try read(#"{"x":{"a":1,"b":2,"a":3}}"#) }
    }

    @Test("a document that is too deep, has too many values or is too large is refused")
    func bounds() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try read(nested(32)) }
        #expect(throws: JSONRejection.tooDeep) { try read(nested(33)) }
        #expect(throws: JSONRejection.tooDeep) { try read(String(repeating: "[", count: 1_000_000)) }
        #expect(throws: JSONRejection.tooDeep) { try read(String(repeating: "{\"a\":", count: 100_000)) }
        #expect(throws: JSONRejection.tooManyValues) {
            try read("[" + String(repeating: "0,", count: 20_000) + "0]")
        }
        #expect(throws: JSONRejection.tooLarge) { try read(String(repeating: " ", count: 1 << 20) + "{}") }
    }

    @Test("malformed UTF-8 becomes U+FFFD, so that ASCII checks refuse it")
    func malformedUTF8() throws {
        #expect(try JSONReader.read([0x22, 0x61, 0xFF, 0x22]) == .string("a\u{FFFD}"))
        #expect(try JSONReader.read([0x22, 0xC0, 0xAF, 0x22]) == .string("\u{FFFD}\u{FFFD}"))
    }
}
