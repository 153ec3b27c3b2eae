import AgentAPI
import Foundation
import Testing

struct VisibleJSONTests {
    private static let hidden: [UInt32] = [
        0x7F, 0x80, 0x85, 0x9B, 0x9F, 0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A, 0x202E,
        0x2060, 0x2066, 0x2069, 0xFE0F, 0xFEFF, 0xFFF9, 0xE000, 0xFFFF, 0xE0001, 0xE0041, 0xE007F, 0x10FFFD,
    ]

    private struct Text: Codable, Equatable { var text: String }

    @Test("control and invisible characters are escaped in all JSON, and decode to the original")
    func escaped() throws {
        for value in Self.hidden {
            let scalar = try #require(Unicode.Scalar(value))
            let text = "é\u{1F600}\(scalar)\"\\x\(scalar)"
            let reply = TokenReply(
                accessToken: text, tokenType: text, expiresIn: nil, scope: text, expiresAt: nil,
                account: try #require(AccountName("work")), note: text)
            for json in [
                try APIJSON.encode(Text(text: text)), APIJSON.encode(fixed: Text(text: text)), reply.json,
            ] {
                let written = String(decoding: json, as: UTF8.self)
                #expect(!written.unicodeScalars.contains(scalar), "\(String(value, radix: 16))")
                #expect(written.contains("é\u{1F600}\\u"))
            }
            #expect(try APIJSON.decode(Text.self, from: APIJSON.encode(fixed: Text(text: text))) == Text(text: text))
            #expect(try APIJSON.decode(TokenReply.self, from: reply.json).note == text)
            #expect(reply.json == APIJSON.encode(fixed: reply))
        }
    }

    @Test("visible text is written unescaped, at every length")
    func plain() throws {
        for count in 0..<40 {
            let text = String(repeating: "~", count: count)
            #expect(APIJSON.text(fixed: Text(text: text)) == "{\"text\":\"\(text)\"}")
            let escaped = text + "\u{7F}"
            #expect(APIJSON.text(fixed: Text(text: escaped)) == "{\"text\":\"\(text)\\u007f\"}")
        }
    }
}
