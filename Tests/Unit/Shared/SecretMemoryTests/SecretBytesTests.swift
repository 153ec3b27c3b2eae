import Foundation
import SecretMemory
import Testing

struct SecretBytesTests {
    @Test("a secret is never printed, by any of Swift's ways to print a value")
    func neverPrints() {
        let canary = "canary-7f3a"
        let secret = SecretBytes(canary)
        var dumped = ""
        dump(secret, to: &dumped)
        let texts = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\(["k": secret])",
            "\(Optional(secret) as Any)", dumped,
        ]
        for text in texts { #expect(!text.contains(canary)) }
        #expect("\(secret)" == "<11 secret bytes>")
    }

    @Test("stored bytes are read back unchanged", arguments: [0, 1, 63, 64, 65, 4096, 65_536, 100_000])
    func roundTrip(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        #expect(SecretBytes(bytes).revealed() == bytes)
    }

    @Test("secrets are equal only if their bytes are")
    func equality() {
        #expect(SecretBytes("abc") == SecretBytes("abc"))
        #expect(SecretBytes("abc") != SecretBytes("abd"))
        #expect(SecretBytes("abc") != SecretBytes("abcd"))
        #expect(SecretBytes("") == SecretBytes(""))
    }

    @Test("a freed secret is wiped: its slot is zero when it is reused")
    func wiped() throws {
        var secret: SecretBytes? = SecretBytes([UInt8](repeating: 0xAA, count: 5000))
        let address = try #require(secret).withBytes { UInt(bitPattern: $0.baseAddress) }
        secret = nil
        // The slot stays mapped, and is the next one reused for this size.
        let again = SecretBytes([UInt8](repeating: 1, count: 4097))
        let isSameSlot = again.withBytes { UInt(bitPattern: $0.baseAddress) } == address
        #expect(isSameSlot)
        let rest = try #require(UnsafeRawPointer(bitPattern: address + 4097))
        #expect((0..<(5000 - 4097)).allSatisfy { rest.load(fromByteOffset: $0, as: UInt8.self) == 0 })
    }

    @Test("the pages of secrets are locked into memory and left out of core dumps")
    func pages() throws {
        let secret = SecretBytes("x")
        let address = secret.withBytes { UInt(bitPattern: $0.baseAddress) }
        // A file in /proc has no size to query beforehand.
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/smaps"))
        let maps = String(decoding: try #require(try file.readToEnd()), as: UTF8.self)
        var flags: Substring?
        var isHere = false
        for line in maps.split(separator: "\n") {
            let range = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
            if range.count == 2 { isHere = (range[0]..<range[1]).contains(address) }
            if isHere, line.hasPrefix("VmFlags:") { flags = line }
        }
        let found = try #require(flags).split(separator: " ")
        #expect(found.contains("dd"), "not MADV_DONTDUMP: \(found)")
        #expect(found.contains("lo"), "not locked: \(found)")
        withExtendedLifetime(secret) {}
    }
}
