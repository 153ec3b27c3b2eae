import OAuth
import Testing

@Suite struct ReplyReaderTests {
    private func kind(_ body: [UInt8]) -> String {
        switch ReplyReader.read(body) {
        case .empty: "empty"
        case .fields: "fields"
        case .foreign: "foreign"
        }
    }

    @Test(
        "a body is read by its content, not by its content type",
        arguments: [
            ("", "empty"), (" \r\n", "empty"), ("\u{FEFF}", "empty"), ("{}", "fields"), ("\u{FEFF}{\"a\":1}", "fields"),
            ("\n{\"a\":1}\n", "fields"), ("a=1", "fields"), ("error=access_denied&x=", "fields"), ("a=1\n", "fields"),
            ("<html></html>", "foreign"), ("[]", "foreign"), ("null", "foreign"), ("\"a=b\"", "foreign"),
            ("OK", "foreign"), ("not json", "foreign"), ("{", "foreign"), ("a=1&a=2", "foreign"), ("a=%zz", "foreign"),
            ("<a=b>", "foreign"), ("=b", "foreign"), ("a=1&b", "foreign"), ("a =1", "foreign"), ("&", "foreign"),
            ("{\"a\":1,\"a\":2}", "foreign"), ("{\"a\":1}{\"a\":1}", "foreign"), ("a=\u{7}", "foreign"),
        ]
    )
    func kinds(body: String, expected: String) {
        #expect(kind(Array(body.utf8)) == expected)
    }

    @Test("a body larger than 1 MiB is refused")
    func tooLarge() {
        #expect(kind(Array(repeating: 0x20, count: (1 << 20) + 1)) == "foreign")
    }

    @Test("a form is decoded to the same members as JSON")
    func form() throws {
        let form = try fields("access_token=a%2Bb&scope=user%3Aemail%2Cgist&token_type=bearer&expires_in=60&e=")
        #expect(form.text("access_token") == "a+b")
        #expect(form.words("scope") == ["user:email", "gist"])
        #expect(form.seconds("expires_in", atMost: 100) == 60)
        #expect(form.text("e") == nil)
        #expect(form.text("absent", "token_type") == "bearer")
    }

    @Test(
        "T3: seconds may be numbers or text; invalid values are absent, huge ones clamped",
        arguments: [
            ("3600", 3600), ("\"3600\"", 3600), ("3600.9", 3600), ("3.6e3", 3600), ("\"3600.0\"", 3600), ("1", 1),
            ("60000000000", 100_000), ("1e999", 100_000), ("99999999999999999999999", 100_000), ("0", nil),
            ("0.5", nil), ("-1", nil), ("\"-1\"", nil), ("\"\"", nil), ("\"soon\"", nil), ("\"nan\"", nil),
            ("\"inf\"", nil), ("\"0x10\"", nil), ("\" 5\"", nil), ("\"e\"", nil), ("null", nil), ("true", nil),
            ("[5]", nil), ("{}", nil),
        ] as [(String, Int?)]
    )
    func seconds(value: String, expected: Int?) throws {
        #expect(try fields("{\"t\":\(value)}").seconds("t", atMost: 100_000) == expected)
    }

    @Test(
        "T3: scopes are read from a list, or from text separated by spaces or commas",
        arguments: [
            ("\"a b\"", ["a", "b"]), ("\"a,b\"", ["a", "b"]), ("\" a,  b \"", ["a", "b"]),
            ("[\"a\",\"b\"]", ["a", "b"]),
            ("\"\"", []), ("[]", []), ("[\"a\",1,null]", ["a"]), ("null", nil), ("7", nil), ("{}", nil),
        ] as [(String, [String]?)]
    )
    func words(value: String, expected: [String]?) throws {
        #expect(try fields("{\"s\":\(value)}").words("s") == expected)
    }
}
