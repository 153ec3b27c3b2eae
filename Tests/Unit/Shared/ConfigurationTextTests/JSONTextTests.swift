import ConfigurationText
import Testing

struct JSONTextTests {
    private static let path = ["credHelpers", "r.example.com"]

    /// Documents of docker, of a person, and of a program that writes one line.
    private static let documents = [
        "{\n\t\"auths\": {\n\t\t\"a\": {\n\t\t\t\"auth\": \"dXNlcjpw\"\n\t\t}\n\t},\n\t\"z\": 1e5,\n\t\"a\": [1, \"\\u00e9\"]\n}",
        "{\"auths\":{},\"credsStore\":\"x\"}\n",
        "{\n  \"credHelpers\": {\n    \"gcr.io\": \"gcloud\"\n  },\n  \"psFormat\": \"a\\\"b\"\n}\n",
        "{ \"credHelpers\" : { \"gcr.io\" : \"gcloud\", \"b\":\"c\" } , \"HttpHeaders\" : {} }",
        "\n{\r\n    \"a\": null\r\n}\r\n",
    ]

    private func set(_ text: String) throws -> [UInt8] {
        try JSONText(Array(text.utf8)).setting(Self.path, to: "authagent")
    }

    @Test("a member is added, and its removal gives back the bytes", arguments: documents)
    func roundTrip(text: String) throws {
        let new = try set(text)
        let document = try JSONText(new)
        #expect(document.string(Self.path) == "authagent")
        #expect(document.removing(Self.path) == Array(text.utf8))
        #expect(try document.setting(Self.path, to: "authagent") == new)
    }

    @Test("other members keep their order, their blanks and their spelling")
    func others() throws {
        let text = String(decoding: try set(Self.documents[2]), as: UTF8.self)
        #expect(
            text
                == "{\n  \"credHelpers\": {\n    \"gcr.io\": \"gcloud\",\n    \"r.example.com\": \"authagent\"\n  },\n"
                + "  \"psFormat\": \"a\\\"b\"\n}\n")
    }

    @Test("a new object has the document's indentation")
    func layout() throws {
        let text = String(decoding: try set("{\n  \"a\": 1\n}"), as: UTF8.self)
        #expect(text == "{\n  \"a\": 1,\n  \"credHelpers\": {\n    \"r.example.com\": \"authagent\"\n  }\n}")
        #expect(
            String(decoding: try set("{\"a\":1}"), as: UTF8.self).hasSuffix(
                ",\"credHelpers\":{\"r.example.com\":\"authagent\"}}"))
        #expect(
            String(decoding: JSONText.new(Self.path, "authagent"), as: UTF8.self)
                == "{\n\t\"credHelpers\": {\n\t\t\"r.example.com\": \"authagent\"\n\t}\n}\n")
    }

    @Test("the first, a middle and the last member are removed; an empty object goes with its last")
    func removal() throws {
        let text = "{\"o\":{\"a\":\"1\", \"b\":\"2\", \"c\":\"3\"},\"k\":0}"
        let document = try JSONText(Array(text.utf8))
        func without(_ name: String) -> String { String(decoding: document.removing(["o", name]), as: UTF8.self) }
        #expect(without("a") == "{\"o\":{\"b\":\"2\", \"c\":\"3\"},\"k\":0}")
        #expect(without("b") == "{\"o\":{\"a\":\"1\", \"c\":\"3\"},\"k\":0}")
        #expect(without("c") == "{\"o\":{\"a\":\"1\", \"b\":\"2\"},\"k\":0}")
        #expect(without("none") == text)
        let single = try JSONText(Array("{\"o\": {\"a\": \"1\"}}\n".utf8)).removing(["o", "a"])
        #expect(try JSONText(single).isEmpty)
    }

    @Test("a name with quotation marks and control characters is escaped, and found again")
    func escapes() throws {
        let name = "a\"\\\u{1}é"
        let new = try JSONText(Array("{}".utf8)).setting([name], to: name)
        #expect(try JSONText(new).string([name]) == name)
    }

    @Test(
        "what is not a JSON object, or has a member twice, is refused with its line",
        arguments: [
            ("", 1), ("[]", 1), ("{\n\"a\": 1,\n}", 3), ("{\"a\":1}\n}", 2), ("{\"a\":1,\"a\":2}", 1),
            ("{\"a\":01}", 1),
            ("{'a':1}", 1), ("// c\n{}", 1), ("{\"a\":\"\n\"}", 1), ("{\"a\":\"\\ud800\"}", 1), ("\u{FEFF}{}", 1),
            ("{\"a\":tru}", 1), ("{\"a\":\"\\u12\"}", 1), ("{\"a\"", 1),
        ])
    func malformed(text: String, line: Int) {
        #expect(throws: ConfigurationProblem.malformed(line: line)) { try JSONText(Array(text.utf8)) }
    }

    @Test("nested a thousand deep it is refused; bytes that are not UTF-8 in a string are refused")
    func hostile() {
        let deep = String(repeating: "{\"a\":", count: 1000) + "1" + String(repeating: "}", count: 1000)
        #expect(throws: ConfigurationProblem.self) { try JSONText(Array(deep.utf8)) }
        let bytes: [UInt8] = Array("{\"a\":\"".utf8) + [0xFF] + Array("\"}".utf8)
        #expect(throws: ConfigurationProblem.self) { try JSONText(bytes) }
    }

    @Test("a value that is not an object is not replaced by one")
    func taken() {
        #expect(throws: ConfigurationProblem.taken(setting: "credHelpers")) { try set("{\"credHelpers\":[]}") }
    }
}
