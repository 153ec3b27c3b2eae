import AgentAPI
import Testing

@Suite("The JSON of a token")
struct TokenReplyJSONTests {
    @Test("the hand-written encoder writes the same as the codec, for any content")
    func sameBytes() throws {
        let texts = [
            "", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
            String(repeating: "long", count: 9) + "\"" + String(repeating: "x", count: 40),
            "quote \" backslash \\ slash /", "ä€😀\u{2028}\u{7F}",
            String((0..<0x20).map { Character(Unicode.Scalar(UInt8($0))) }), "\r\n",
        ]
        let account = try #require(AccountName("work"))
        for text in texts {
            for other in texts {
                let full = TokenReply(
                    accessToken: text, idToken: other, idTokenExpiresAt: 1_795_562_270, tokenType: text,
                    expiresIn: 3599, scope: other,
                    expiresAt: 1_795_562_271, account: account, note: text
                )
                #expect(String(decoding: full.json, as: UTF8.self) == APIJSON.text(fixed: full))
            }
            let bare = TokenReply(
                accessToken: text, tokenType: "Bearer", expiresIn: nil, scope: text, expiresAt: nil, account: account,
                note: nil
            )
            #expect(String(decoding: bare.json, as: UTF8.self) == APIJSON.text(fixed: bare))
        }
    }

    @Test("each byte that needs an escape is escaped at every position")
    func everyPlace() throws {
        let account = try #require(AccountName("work"))
        for scalar in (0..<0x100).compactMap({ Unicode.Scalar(UInt32($0)) }) {
            for place in 0..<18 {
                var text = Array(String(repeating: "x", count: 18).unicodeScalars)
                text[place] = scalar
                let reply = TokenReply(
                    accessToken: String(text.map(Character.init)), tokenType: "Bearer", expiresIn: nil, scope: "",
                    expiresAt: nil, account: account, note: nil
                )
                #expect(String(decoding: reply.json, as: UTF8.self) == APIJSON.text(fixed: reply))
            }
        }
    }
}
