import SealedStorage
import SecretMemory
import Testing

struct EnvelopeTests {
    let key = SealingKey.random()
    let secret = SecretBytes("a refresh token")

    private func sealed(_ purpose: String = "login", _ name: String = "work", _ generation: UInt64 = 7) -> [UInt8] {
        Envelope.seal(secret, as: Label(purpose: purpose, name: name, generation: generation), with: key)
    }

    private func failure(
        _ bytes: [UInt8], _ purpose: String = "login", _ name: String = "work", with other: SealingKey? = nil
    ) -> EnvelopeFailure? {
        do throws(EnvelopeFailure) {
            _ = try Envelope.open(bytes, purpose: purpose, name: name, with: other ?? key)
            return nil
        } catch { return error }
    }

    @Test("a sealed file opens again, with its generation", arguments: [0, 1, 100, 70_000])
    func roundTrip(count: Int) throws {
        let content = SecretBytes([UInt8](repeating: 9, count: count))
        let label = Label(purpose: "login", name: "work", generation: .max)
        let bytes = Envelope.seal(content, as: label, with: key)
        #expect(bytes.count == count + Envelope.overhead)
        let opened = try Envelope.open(bytes, purpose: "login", name: "work", with: key)
        #expect(opened.content == content)
        #expect(opened.generation == .max)
    }

    @Test("the content is not readable in the file, and no two files are equal")
    func hidden() {
        let bytes = sealed()
        #expect(!String(decoding: bytes, as: UTF8.self).contains("token"))
        #expect(bytes != sealed())
    }

    @Test("a file opens only with the label it was sealed with")
    func bound() {
        #expect(failure(sealed("login", "work")) == nil)
        #expect(failure(sealed("login", "home")) == .damaged)
        #expect(failure(sealed("journal", "work")) == .damaged)
        // The same letters, split differently.
        #expect(failure(sealed("logi", "nwork")) == .damaged)
    }

    @Test("another generation's header does not open the content")
    func generation() {
        var bytes = sealed("login", "work", 7)
        bytes.replaceSubrange(..<26, with: sealed("login", "work", 8)[..<26])
        #expect(failure(bytes) == .damaged)
    }

    @Test("another key is reported as such")
    func otherKey() {
        #expect(failure(sealed(), with: .random()) == .otherKey)
        // The key's id is not authenticated by itself: with another key, the file does not open.
        var bytes = sealed()
        let other = SealingKey.random()
        let label = Label(purpose: "login", name: "work", generation: 7)
        bytes.replaceSubrange(10..<18, with: Envelope.seal(secret, as: label, with: other)[10..<18])
        #expect(failure(bytes, with: other) == .damaged)
    }

    @Test("every flipped bit is detected")
    func flippedBits() {
        let bytes = sealed()
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << bit
                #expect(failure(changed) != nil, "byte \(index)")
            }
        }
    }

    @Test("every shorter file is refused, and so is a longer one")
    func truncated() {
        let bytes = sealed()
        for count in 0..<bytes.count { #expect(failure(Array(bytes[..<count])) != nil) }
        #expect(failure(bytes + [0]) == .damaged)
        #expect(failure([]) == .notSealed)
    }

    @Test("a later version is named in the error")
    func version() {
        var bytes = sealed()
        bytes[8] = 2
        #expect(failure(bytes) == .unknownVersion(2))
    }

    @Test("keys differ by purpose and material, and are otherwise equal")
    func derivation() {
        let material = SecretBytes([UInt8](repeating: 1, count: 48))
        let first = SealingKey.derived(from: material, purpose: "one")
        #expect(first == SealingKey.derived(from: material, purpose: "one"))
        #expect(first != SealingKey.derived(from: material, purpose: "two"))
        #expect(first != SealingKey.derived(from: SecretBytes([UInt8](repeating: 2, count: 48)), purpose: "one"))
        #expect(SealingKey(SecretBytes([1, 2, 3])) == nil)
        #expect(SealingKey(first.material) == first)
    }
}
