import CurlTransport
import Testing

struct AbandonedLookupsTests {
    let now = ContinuousClock.now

    @Test("look-ups that hang are limited per name, without effect on other names")
    func bound() {
        var lookups = AbandonedLookups()
        for _ in 0..<AbandonedLookups.limit {
            #expect(lookups.allowsAnother(of: "dead.example:443", at: now))
            lookups.add("dead.example:443", at: now)
        }
        #expect(!lookups.allowsAnother(of: "dead.example:443", at: now))
        #expect(lookups.allowsAnother(of: "other.example:443", at: now))
    }

    @Test("a name is looked up again once the resolver must have given up")
    func end() {
        var lookups = AbandonedLookups()
        for _ in 0..<AbandonedLookups.limit { lookups.add("dead.example:443", at: now) }
        #expect(!lookups.allowsAnother(of: "dead.example:443", at: now + AbandonedLookups.lifetime - .seconds(1)))
        #expect(lookups.allowsAnother(of: "dead.example:443", at: now + AbandonedLookups.lifetime))
    }
}
