import OAuth
import Testing

struct Base64URLTests {
    @Test("what is encoded is decoded to the same bytes")
    func roundTrip() {
        for count in 0..<70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(Base64URL.decode(Base64URL.encode(bytes).utf8) == bytes)
        }
        #expect(Base64URL.encode([0xFB, 0xFF, 0xFE]) == "-__-")
    }

    @Test(
        "there is one text for each sequence of bytes: padding, other alphabets and stray bits are refused",
        arguments: ["A", "AAAAA", "AA==", "AA=", "+A", "/w", "A A", "AB", "AAB", "AA\n", "é"])
    func refused(text: String) { #expect(Base64URL.decode(text.utf8) == nil) }
}
