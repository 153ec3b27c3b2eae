import Formats
import ReplyCorpus
import Testing

@Suite struct JSONViewTests {
    /// Lends the view of a text; `nil` if it is not JSON.
    private func with<Value>(_ text: String, _ body: (JSONView) -> Value) -> Value? {
        Array(text.utf8).withUnsafeBufferPointer { JSONView($0).map(body) }
    }

    private func text(_ value: JSONView) -> String? {
        var bytes: [UInt8] = []
        return value.forEachByte { bytes.append($0) } ? String(decoding: bytes, as: UTF8.self) : nil
    }

    @Test("members are found at each depth, and what is not there is nil")
    func members() {
        let json = #" { "a" : { "b" : [ 1, { "c" : "x" } ] , "d" : "y" }, "e":-12,"f":null } "#
        with(json) { json in
            #expect(json["a"]?["d"].flatMap(text) == "y")
            #expect(json["e"]?.integer == -12)
            #expect(json["f"]?.source.count == 4)
            #expect(json["g"] == nil && json["e"]?["a"] == nil && json["a"]?["b"]?["c"] == nil)
            var elements: [String] = []
            json["a"]?["b"]?.forEachElement { elements.append(String(decoding: $0.source, as: UTF8.self)) }
            #expect(elements == ["1", #"{ "c" : "x" }"#])
            #expect(json.isObject && json["e"]?.isObject == false)
        }
    }

    @Test("of two members with one name the first counts; a name inside a text or with escapes does not")
    func names() {
        with(#"{"x":"\"a\":1","a":2,"a":3,"\u0062":4}"#) { json in
            #expect(json["a"]?.integer == 2)
            #expect(json["b"] == nil)
        }
    }

    @Test(
        "escapes are decoded, and half of a surrogate pair is refused",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"),
            (#""\uD83D\uDE42é""#, "🙂é"), (#""\ud83d""#, nil), (#""\ude42x""#, nil), (#""\ud83d\u0041""#, nil),
            (#""\ud83d\n""#, nil), ("1", nil), (#""""#, ""),
        ] as [(String, String?)])
    func escapes(json: String, expected: String?) {
        #expect(with(json, text) == .some(expected))
    }

    @Test(
        "integers are read exactly, and nothing else is one",
        arguments: [
            ("0", 0), ("-7", -7), ("2000000000", 2_000_000_000), ("999999999999999", 999_999_999_999_999),
            ("1000000000000000", nil), ("1.0", nil), ("1e3", nil), (#""1""#, nil), ("true", nil),
        ] as [(String, Int?)])
    func integers(json: String, expected: Int?) {
        #expect(with(json, \.integer) == .some(expected))
    }

    @Test(
        "malformed JSON is refused",
        arguments: [
            "", " ", "{", "}", "[", "[1", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{'a':1}",
            "{\"a\":1 \"b\":2}", "tru", "True", "nul", "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "NaN",
            "Infinity", "\"", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "\"\u{0}\"", "\"\u{1F}\"",
            "{}x", "{} {}", "[] ,", "1 2", "//c\n1", "{1:2}", "{\"a\":1]", "<html>",
        ])
    func malformed(json: String) {
        #expect(with(json) { _ in true } == nil)
    }

    @Test("32 levels are read, 33 and a million are refused")
    func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(with(nested(32)) { _ in true } == true)
        #expect(with(nested(33)) { _ in true } == nil)
        #expect(with(String(repeating: "[", count: 1_000_000)) { _ in true } == nil)
    }

    @Test("what JSONReader refuses, a view of it refuses too, and the same members have the same text")
    func sameAsReader() throws {
        for json in [#"{"a":"b\u0063"}"#, #"{"a":["x"]}"#, "[1,2", #"{"a":"#, #"{"a":"\ud83d\ude42"}"#] {
            let read = try? JSONReader.read(Array(json.utf8))
            #expect((read != nil) == (with(json) { _ in true } != nil), "\(json)")
            if case .object(let members)? = read, case .string(let value)? = members["a"] {
                #expect(with(json) { $0["a"].flatMap(text) } == .some(value))
            }
        }
    }
}
