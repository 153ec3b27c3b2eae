import Formats
import Testing

struct RFC3339Tests {
    @Test(
        "a time is written and read back",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
            (1_796_083_200, "2026-12-01T00:00:00Z"), (2_000_000_000, "2033-05-18T03:33:20Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"), (253_402_300_799, "9999-12-31T23:59:59Z"),
        ])
    func both(seconds: Int, text: String) {
        #expect(RFC3339.text(seconds) == text)
        #expect(RFC3339.seconds(text) == seconds)
    }

    @Test("a fraction is dropped, and any other form is refused")
    func forms() {
        #expect(RFC3339.seconds("2033-05-18T03:33:20.999Z") == 2_000_000_000)
        for text in [
            "", "2033-05-18", "2033-05-18T03:33:20", "2033-05-18T03:33:20+00:00", "2033-05-18 03:33:20Z",
            "2033-13-18T03:33:20Z", "2033-05-32T03:33:20Z", "2033-05-18T24:33:20Z", "2033-05-18T03:60:20Z",
            "2033-05-18T03:33:61Z", "2033-05-18T03:33:20.Z", "2033-05-18T03:33:20.xZ", "2033-05-18T03:33:2 Z",
            "20330518T033320Z0000", "1969-12-31T23:59:59Z", "2033-05-18T03:33:20.12345678901234567Z",
        ] {
            #expect(RFC3339.seconds(text) == nil, "\(text)")
        }
    }
}
