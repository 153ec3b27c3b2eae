import OAuth
import SecretMemory
import Testing

@Suite struct RedactionTests {
    private func clean(_ text: String, _ secrets: String..., limit: Int = 300) -> String {
        Redaction(secrets.map { SecretBytes($0) }).clean(text, limit: limit)
    }

    @Test("a secret that a server echoes is replaced wherever it stands")
    func echoed() {
        #expect(
            clean("code s3cret-code is unknown: s3cret-code", "s3cret-code") == "code <redacted> is unknown: <redacted>"
        )
        #expect(clean("s3cret", "s3cret") == "<redacted>")
        #expect(clean("nothing here", "s3cret") == "nothing here")
    }

    @Test("a form-encoded secret is replaced too")
    func encoded() {
        #expect(clean("body was token=a%2Bb%2Fc%3D.", "a+b/c=") == "body was token=<redacted>.")
    }

    @Test("an escape sequence inside a secret does not hide it")
    func hidden() {
        #expect(clean("s3c\u{1B}[0mret\u{200B}!!", "s3cret!!") == "<redacted>")
    }

    @Test("a cut never leaves a part of a secret")
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

    @Test("what is too short to be a secret does not tear words apart")
    func short() {
        #expect(clean("a cat sat", "a", "") == "a cat sat")
    }
}
