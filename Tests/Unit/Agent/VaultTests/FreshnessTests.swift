import SecretMemory
import Testing
import Vault

struct FreshnessTests {
    let start = ContinuousClock.now

    func token(_ lifetime: Int?) -> AccessToken {
        AccessToken(
            secret: SecretBytes("t"), type: "Bearer", scope: [], origin: .named, requestedAt: start,
            lifetime: lifetime.map { .seconds($0) }
        )
    }

    func judge(_ lifetime: Int?, after elapsed: Int, asking seconds: Int) -> Freshness {
        Freshness.of(token(lifetime), minimumValidity: .seconds(seconds), at: start + .seconds(elapsed))
    }

    @Test("a token is fresh as long as the requested validity is left")
    func boundary() {
        #expect(judge(3600, after: 3540, asking: 60) == .fresh)
        #expect(judge(3600, after: 3541, asking: 60) == .stale)
    }

    @Test("an expired token is never fresh, not even if no validity is requested")
    func expired() {
        #expect(judge(3600, after: 3600, asking: 0) == .stale)
        #expect(judge(30, after: 31, asking: 60) == .stale)
    }

    @Test("a token that cannot live as long as requested is served in its first half, and then renewed")
    func unattainable() {
        #expect(judge(300, after: 1, asking: 3600) == .shortLived)
        #expect(judge(300, after: 150, asking: 3600) == .shortLived)
        #expect(judge(300, after: 151, asking: 3600) == .stale)
        #expect(judge(60, after: 0, asking: 60) == .fresh)
        #expect(judge(60, after: 1, asking: 60) == .shortLived)
    }

    @Test("a token without expiry is always fresh")
    func lasting() {
        #expect(judge(nil, after: 1_000_000, asking: 86_400) == .fresh)
    }

    @Test("a token is renewed ahead of its expiry, before a client has to wait", arguments: [180, 300, 3600, 86_400])
    func renewal(lifetime: Int) throws {
        for jitter in [0.0, 0.5, 1.0] {
            let moment = try #require(Freshness.renewal(of: token(lifetime), jitter: jitter))
            let left = start + .seconds(lifetime) - moment
            #expect(left > .seconds(60) || lifetime < 180)
            #expect(left <= .seconds(660))
            #expect(moment > start)
        }
    }

    @Test(
        "a token that a whole fleet may have got at once is renewed at any moment of the second half of its life",
        arguments: [(60, 27, 30), (300, 150, 210), (3600, 1800, 3000), (28_800, 14_400, 28_200)])
    func first(lifetime: Int, earliest: Int, latest: Int) {
        #expect(Freshness.renewal(of: token(lifetime), isFirst: true, jitter: 1) == start + .seconds(earliest))
        #expect(Freshness.renewal(of: token(lifetime), isFirst: true, jitter: 0) == start + .seconds(latest))
    }

    @Test("two accounts with the same lifetime are not renewed at the same moment")
    func jitter() {
        #expect(Freshness.renewal(of: token(3600), jitter: 0) != Freshness.renewal(of: token(3600), jitter: 1))
    }
}
