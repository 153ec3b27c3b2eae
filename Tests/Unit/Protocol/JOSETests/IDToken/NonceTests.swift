import JOSE
import OAuth
import Testing

struct NonceTests {
    private func fixture(_ nonce: String?) throws -> IDTokenFixture {
        var fixture = try IDTokenFixture()
        fixture.rules = IDTokenRules(issuer: fixture.rules.issuer, clientID: "tv", nonce: nonce)
        return fixture
    }

    @Test("the nonce of the request must be in the token; without one, the token's own is no matter")
    func nonce() throws {
        let fixture = try fixture("n-1")
        try fixture.verify(fixture.token(["nonce": #""n-1""#]))
        #expect(try fixture.refusal(fixture.token()) == .nonceMissing)
        for other in ["n-2", "n-1 ", "N-1", "n-"] {
            #expect(try fixture.refusal(fixture.token(["nonce": "\"\(other)\""])) == .wrongNonce)
        }
        let unasked = try self.fixture(nil)
        try unasked.verify(unasked.token(["nonce": #""x""#]))
        try unasked.verify(unasked.token(["nonce": "7"]))
    }

    @Test("a nonce of the wrong type is not one", arguments: ["7", "null", "[]", #"["n-1"]"#, #""""#, "true"])
    func wrongType(value: String) throws {
        let fixture = try fixture("n-1")
        let rejection = try fixture.refusal(fixture.token(["nonce": value]))
        #expect(rejection == .nonceMissing || rejection == .wrongNonce)
        #expect(rejection.isContradiction)
    }

    @Test("a nonce of another login contradicts this one")
    func contradiction() {
        #expect(IDTokenRejection.wrongNonce.isContradiction)
        #expect(IDTokenRejection.nonceMissing.isContradiction)
    }
}

struct AuthenticationDemandsTests {
    private static let now = IDTokenFixture.now

    private func check(
        _ demands: AuthenticationDemands, _ changes: [String: String?], now: Int = now
    ) throws -> IDTokenRejection? {
        let fixture = try IDTokenFixture()
        let claims = try fixture.verify(fixture.token(changes))
        do throws(IDTokenRejection) { try claims.checkAuthentication(demands, now: now) } catch { return error }
        return nil
    }

    @Test("one of the requested contexts must be named, byte for byte")
    func contexts() throws {
        let demands = AuthenticationDemands(acrValues: ["phr", "urn:mfa"])
        #expect(try check(demands, ["acr": #""urn:mfa""#]) == nil)
        for acr in [#""loa-1""#, #""PHR""#, #""phr ""#, #""phr urn:mfa""#] {
            guard case .otherAuthentication(.some, _)? = try check(demands, ["acr": acr]) else {
                return #expect(Bool(false), "\(acr)")
            }
        }
        for acr in [nil, "7", "null", #"["phr"]"#] as [String?] {
            #expect(try check(demands, ["acr": acr]) == .otherAuthentication(found: nil, asked: ["phr", "urn:mfa"]))
        }
        #expect(try check(AuthenticationDemands(), ["acr": "7", "auth_time": "[]"]) == nil)
    }

    @Test("the authentication must be new enough, with the clock tolerance of the token's times")
    func age() throws {
        let demands = AuthenticationDemands(maxAge: 300)
        for seconds in [0, 300, 360] { #expect(try check(demands, ["auth_time": "\(Self.now - seconds)"]) == nil) }
        #expect(try check(demands, ["auth_time": "\(Self.now - 300).7435"]) == nil)
        #expect(
            try check(demands, ["auth_time": "\(Self.now - 361)"]) == .authenticatedTooLongAgo(age: 361, maxAge: 300))
        #expect(try check(demands, ["auth_time": "0"]) == .authenticatedTooLongAgo(age: Self.now, maxAge: 300))
        #expect(try check(demands, ["auth_time": "\(Self.now + 60)"]) == nil)
        #expect(try check(demands, ["auth_time": "\(Self.now + 61)"]) == .authenticatedInFuture(by: 61))
        for value in [nil, "null", "\"\(Self.now)\"", "-1", "1e300", "{}"] as [String?] {
            #expect(try check(demands, ["auth_time": value]) == .claimMissing("auth_time"))
        }
        #expect(try check(AuthenticationDemands(maxAge: 0), ["auth_time": "\(Self.now - 60)"]) == nil)
    }

    @Test("a level that was not reached is no contradiction of the login, and its text is harmless")
    func texts() {
        let rejection = IDTokenRejection.otherAuthentication(found: "\u{1B}[31mlow", asked: ["a", "b\n"])
        #expect(!rejection.isContradiction)
        #expect(rejection.description == "the user authenticated as 'low', not as 'a' or 'b '")
        #expect(!IDTokenRejection.authenticatedTooLongAgo(age: 2, maxAge: 1).isContradiction)
    }
}
