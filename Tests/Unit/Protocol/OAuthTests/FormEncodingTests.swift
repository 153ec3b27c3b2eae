import OAuth
import SecretMemory
import Testing

@Suite struct FormEncodingTests {
    @Test("the example of RFC 6749 appendix B is encoded as printed")
    func appendixB() {
        let encoded = FormEncoding.encode(" %&+£€".utf8)
        #expect(String(decoding: encoded, as: UTF8.self) == "+%25%26%2B%C2%A3%E2%82%AC")
    }

    @Test("parameters keep their order, and a value cannot start another parameter")
    func body() {
        let body = FormEncoding.body([
            .plain("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            .secret("device_code", SecretBytes("a&b=c d+%")), .plain("id", ""),
        ])
        #expect(
            body.revealedText()
                == "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=a%26b%3Dc+d%2B%25&id="
        )
    }

    @Test("every byte survives encoding and decoding")
    func roundTrip() {
        let ascii = (0..<128).map { UInt8($0) }
        #expect(FormEncoding.decode(FormEncoding.encode(ascii)) == String(decoding: ascii, as: UTF8.self))
        #expect(FormEncoding.decode(FormEncoding.encode("åß🙂".utf8)) == "åß🙂")
    }

    @Test("a percent sign without two hexadecimal digits is not decoded", arguments: ["%", "%4", "%4g", "a%"])
    func malformed(text: String) {
        #expect(FormEncoding.decode(text.utf8) == nil)
    }
}
