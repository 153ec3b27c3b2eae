import Formats
import OAuth
import SecretMemory
import TestSupport
import Testing

@Suite struct RedactionTests {
    private func clean(_ text: String, _ secrets: String..., limit: Int = 300) -> String {
        Redaction(secrets.map { SecretBytes($0) }).clean(text, limit: limit)
    }

    @Test("an echoed secret is replaced everywhere in the text")
    func echoed() {
        #expect(
            clean("code s3cret-code is unknown: s3cret-code", "s3cret-code") == "code <redacted> is unknown: <redacted>"
        )
        #expect(clean("s3cret", "s3cret") == "<redacted>")
        #expect(clean("nothing here", "s3cret") == "nothing here")
    }

    @Test("a form-encoded secret is replaced")
    func encoded() {
        #expect(clean("body was token=a%2Bb%2Fc%3D.", "a+b/c=") == "body was token=<redacted>.")
    }

    @Test(
        "a secret is replaced in each encoding in which it may come back",
        arguments: [
            "a%2Bb%2Fc%3D+%7E", "a%2bb%2fc%3d+%7e", "a%2Bb%2Fc%3D%20~", "a%2bb%2fc%3d%20~", #"a+b\/c= ~"#, "a+b/c= ~",
        ]
    )
    func encodings(echo: String) {
        #expect(clean("[\(echo)]", "a+b/c= ~") == "[<redacted>]")
    }

    @Test("a secret with an escaped quote or backslash is replaced")
    func escaped() {
        #expect(clean(#"{"was":"a\"b\\c"}"#, #"a"b\c"#) == #"{"was":"<redacted>"}"#)
    }

    @Test("a part of a secret of at least 10 bytes is replaced, at the start, middle or end")
    func truncated() {
        let secret = "0123456789abcdefghij"
        #expect(clean("got 0123456789ab…", secret) == "got <redacted>…")
        #expect(clean("got …abcdefghij", secret) == "got …<redacted>")
        #expect(clean("got 56789abcdefg!", secret) == "got <redacted>!")
        #expect(clean("got 012345678 and 9abcdefgh", secret) == "got 012345678 and 9abcdefgh")
    }

    @Test("words that contain a secret are left out, unless the secret is short")
    func words() {
        let redaction = Redaction([SecretBytes("read"), SecretBytes("0123456789abcdef")])
        #expect(redaction.harmless(["read", "x-3456789abcde", "openid"]) == ["read", "openid"])
    }

    @Test("a secret with an escape sequence inside is replaced")
    func hidden() {
        #expect(clean("s3c\u{1B}[0mret\u{200B}!!", "s3cret!!") == "<redacted>")
    }

    @Test("a shortened text never ends with a part of a secret")
    func cut() {
        let secret = String(repeating: "s", count: 1_000) + "x"
        #expect(clean("it is " + secret + " indeed", secret, limit: 40) == "it is <redacted> indeed")
        let far = String(repeating: "word ", count: 100_000)
        #expect(clean(far + "s3cret", "s3cret", limit: 20).unicodeScalars.count == 20)
    }

    @Test("of two secrets the longer one is replaced first")
    func overlapping() {
        #expect(clean("abcdefgh abcd", "abcd", "abcdefgh") == "<redacted> <redacted>")
    }

    @Test("a value too short for a secret is not replaced inside words")
    func short() {
        #expect(clean("a cat sat", "a", "") == "a cat sat")
    }

    @Test("issued values are redacted up to the length of a token, and the search is bounded")
    func bounded() {
        let longest = TokenGrant.maximumTokenLength
        func lengths(_ counts: [Int]) -> [Int] {
            let names = ["access_token", "refresh_token", "id_token", "device_code"]
            let members = zip(names, counts).map { ($0, JSONValue.string(String(repeating: "a", count: $1))) }
            let fields = ReplyFields(Dictionary(uniqueKeysWithValues: members))
            return ProviderReply.issuedSecrets(fields).map(\.count)
        }
        #expect(lengths([4_000, 2_000, 3_000, 40]) == [4_000, 2_000, 3_000, 40])
        #expect(lengths([longest, longest]) == [longest, longest])
        #expect(lengths([longest + 1, 500_000, 40]) == [40])
        #expect(lengths([longest, longest - 10, 20, 5]) == [longest, longest - 10, 5])
    }

    @Test("an expensive secret is prepared once for all texts of a reply")
    func cost() {
        // Each encoding differs, and each 8 bytes occur once.
        let secret = (0..<30_000).map { "/\($0)" }.joined().prefix(TokenGrant.maximumTokenLength)
        let redaction = Redaction([SecretBytes(String(secret))])
        let start = Duration.processorTime
        for _ in 0..<50 { #expect(redaction.clean("it is over") == "it is over") }
        let duration = Duration.processorTime - start
        // In a debug build once takes about a second.
        #expect(duration < .seconds(20), "\(duration)")
    }
}
