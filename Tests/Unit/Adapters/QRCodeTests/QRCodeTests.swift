import QRCode
import Testing

struct QRCodeTests {
    @Test("the code of a usual verification URI fits into part of an 80 × 24 terminal")
    func size() throws {
        let lines = try #require(QRCode.lines(for: "https://login.example.com/device?user_code=WDJB-MJHT"))
        #expect(lines.count <= 20)
        #expect(lines.allSatisfy { $0.count <= 40 && $0.count == lines[0].count })
    }

    @Test("the three finder patterns are in their corners")
    func finders() throws {
        let lines = try #require(QRCode.lines(for: "https://example.com"))
        let rows = lines.flatMap { line -> [[Bool]] in
            [line.map { $0 == "█" || $0 == "▀" }, line.map { $0 == "█" || $0 == "▄" }]
        }
        // A dark ring of 7 × 7 modules after the quiet zone of 2.
        let ring = [false, false, false, false, false, false, false]
        #expect(Array(rows[2][2..<9]) == ring)
        #expect(Array(rows[8][2..<9]) == ring)
        let width = rows[2].count
        #expect(Array(rows[2][(width - 9)..<(width - 2)]) == ring)
        #expect(rows[0].allSatisfy { $0 })
    }

    @Test("a text that needs a wider code is not drawn")
    func tooWide() { #expect(QRCode.lines(for: String(repeating: "x", count: 200)) == nil) }
}
