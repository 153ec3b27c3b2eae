import Formats
import Testing

struct Base64URLTests {
    @Test("encoded bytes are decoded to the same bytes")
    func roundTrip() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(Base64URL.decode(Base64URL.encode(bytes).utf8) == bytes)
        }
        #expect(Base64URL.encode([0xFB, 0xFF, 0xFE]) == "-__-")
    }

    @Test(
        "padding, other alphabets and stray bits are refused",
        arguments: ["A", "AAAAA", "AA==", "AA=", "+A", "/w", "A A", "AB", "AAB", "AA\n", "é"])
    func refused(text: String) { #expect(Base64URL.decode(text.utf8) == nil) }

    @Test("lenient reading accepts only padding, the standard alphabet and stray bits in addition")
    func lenient() {
        let bytes: [UInt8] = [0xFB, 0xFF, 0xFE, 0x01]
        for text in ["-__-AQ", "+//+AQ==", "+//+AQ", "-__-AR", " -__-\nAQ= "] {
            #expect(Base64URL.decodeLeniently(text.utf8) == bytes, "\(text)")
        }
        for text in ["-__-A", "-__-AQ===", "-_=_-AQ", "-__-A*", "\u{e9}"] {
            #expect(Base64URL.decodeLeniently(text.utf8) == nil, "\(text)")
        }
        #expect(Base64URL.decodeLeniently("".utf8) == [])
    }
}
