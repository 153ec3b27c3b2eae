import Crypto
import Formats
import Foundation
import JOSE
import OAuth
import TestSupport
import Testing

struct ClaimTests {
    private static let now = IDTokenFixture.now

    @Test("O1: a token without a required claim is refused", arguments: ["iss", "sub", "aud", "exp", "iat"])
    func missing(claim: String) throws {
        let fixture = try IDTokenFixture()
        #expect(try fixture.refusal(fixture.token([claim: nil])) == .claimMissing(claim))
    }

    @Test(
        "O1: a claim of the wrong type is refused, not repaired",
        arguments: ["iss", "sub", "aud", "exp", "iat", "nbf", "azp", "at_hash"])
    func wrongType(claim: String) throws {
        let fixture = try IDTokenFixture()
        var values = ["null", "true", "{}", "[]", "[1]", #"{"a":"tv"}"#]
        values += ["exp", "iat", "nbf"].contains(claim) ? [#""\#(Self.now)""#, "-1", "1e13", "1e999"] : ["1"]
        if claim == "aud" { values += [#"["tv",1]"#, #"["tv",null]"#] } else { values.append(#"["tv"]"#) }
        for value in values {
            #expect(
                try fixture.refusal(fixture.token([claim: value])) == .claimMalformed(claim), "\(claim): \(value)")
        }
    }

    @Test(
        "O1: an issuer that differs in any byte is refused",
        arguments: [
            "https://issuer.example/", "https://Issuer.example", "http://issuer.example", "https://issuer.example:443",
            "https://issuer.example.evil.example", "https://issuer.exampl", "issuer.example",
        ])
    func issuer(found: String) throws {
        let fixture = try IDTokenFixture()
        #expect(try fixture.refusal(fixture.token(["iss": "\"\(found)\""])) == .wrongIssuer(found: found))
    }

    @Test(
        "O1: an audience without the client is refused",
        arguments: [#""tv2""#, #""TV""#, #"["a","b"]"#, #""tv ""#, #""""#])
    func audience(value: String) throws {
        let fixture = try IDTokenFixture()
        #expect(try fixture.refusal(fixture.token(["aud": value, "azp": #""tv""#])) == .wrongAudience)
    }

    @Test("O1: several audiences do not need azp; a present azp must be the client")
    func party() throws {
        let fixture = try IDTokenFixture()
        let several = #"["api","tv"]"#
        #expect(try fixture.verify(fixture.token(["aud": several])).audience == ["api", "tv"])
        #expect(try fixture.refusal(fixture.token(["aud": several, "azp": #""api""#])) == .wrongParty(found: "api"))
        #expect(try fixture.refusal(fixture.token(["azp": #""api""#])) == .wrongParty(found: "api"))
        #expect(try fixture.verify(fixture.token(["aud": several, "azp": #""tv""#])).audience == ["api", "tv"])
        try fixture.verify(fixture.token(["aud": #"["tv"]"#]))
        try fixture.verify(fixture.token(["azp": #""tv""#]))
    }

    @Test("only a conflict with the login is a contradiction; any other rejection is not")
    func contradictions() {
        let contradictions: [IDTokenRejection] = [
            .wrongIssuer(found: "x"), .wrongAudience, .wrongParty(found: "x"), .wrongAccessTokenHash,
            .badSignature(isKeyKnown: true),
        ]
        #expect(contradictions.allSatisfy { $0.isContradiction })
        let others: [IDTokenRejection] = [
            .malformed(.header), .encrypted, .algorithmRefused("none"), .noClientSecret, .criticalHeader,
            .otherKind("at+jwt"), .unknownKey(id: "k"), .unknownKey(id: nil), .unfitKey(id: "k", algorithm: "ES256"),
            .badSignature(isKeyKnown: false), .claimMissing("sub"), .claimMalformed("sub"), .expired(since: 61),
            .notYetValid(for: 61), .issuedInFuture(by: 61),
        ]
        #expect(others.allSatisfy { !$0.isContradiction })
    }

    @Test("O1: a subject other than 1 to 255 printable ASCII characters is refused")
    func subject() throws {
        let fixture = try IDTokenFixture()
        let longest = String(repeating: "s", count: 255)
        #expect(try fixture.verify(fixture.token(["sub": "\"\(longest)\""])).subject == longest)
        for bad in ["\(longest)s", "", "\\u00e9", "a\\u0000b", "a\\u001b[31m", "a\\nb", "\\u202e"] {
            #expect(try fixture.refusal(fixture.token(["sub": "\"\(bad)\""])) == .claimMalformed("sub"), "\(bad)")
        }
    }

    @Test("O1: a clock difference of up to 60 s is accepted")
    func leeway() throws {
        let fixture = try IDTokenFixture()
        let expired = try fixture.token(["exp": "\(Self.now - 59)"])
        try fixture.verify(expired)
        #expect(try fixture.refusal(expired, now: Self.now + 1) == .expired(since: 60))
        let future = try fixture.token(["iat": "\(Self.now + 60)"])
        try fixture.verify(future)
        #expect(try fixture.refusal(future, now: Self.now - 1) == .issuedInFuture(by: 61))
        let later = try fixture.token(["nbf": "\(Self.now + 60)"])
        try fixture.verify(later)
        #expect(try fixture.refusal(later, now: Self.now - 1) == .notYetValid(for: 61))
        #expect(try fixture.verify(fixture.token(["exp": "\(Self.now).75"])).expiresAt == Self.now)
    }

    @Test("a token outside its validity is distinguished from an invalid one")
    func aboutTime() throws {
        let fixture = try IDTokenFixture()
        let late = try fixture.refusal(fixture.token(["exp": "1"]))
        guard case .expired = late else { return #expect(Bool(false), "\(late)") }
        #expect(!late.isContradiction)
        // A token for another client is refused for that, whatever its time is.
        let foreign = try fixture.refusal(fixture.token(["exp": "1", "aud": #""x""#]))
        #expect(foreign.isContradiction, "\(foreign)")
    }

    @Test(
        "O1: an at_hash that is not the access token's is refused",
        arguments: ["ES256", "ES384", "ES512", "EdDSA", "PS384"])
    func accessTokenHash(algorithm: String) throws {
        let fixture = try IDTokenFixture(TokenSigner(algorithm))
        let full: [UInt8] =
            switch algorithm.suffix(3) {
            case "256": Array(SHA256.hash(data: Data("at".utf8)))
            case "384": Array(SHA384.hash(data: Data("at".utf8)))
            default: Array(SHA512.hash(data: Data("at".utf8)))
            }
        let half = Base64URL.encode(full.prefix(full.count / 2))
        let token = try fixture.token(["at_hash": "\"\(half)\""])
        try fixture.verify(token)
        #expect(try fixture.refusal(token, accessToken: "other") == .wrongAccessTokenHash)
        #expect(
            try fixture.refusal(fixture.token(["at_hash": "\"\(Base64URL.encode(full))\""])) == .wrongAccessTokenHash)
        #expect(try fixture.refusal(fixture.token(["at_hash": #""*""#])) == .wrongAccessTokenHash)
    }

    @Test("a malformed email or name is dropped, and the token accepted", arguments: ["1", "null", "[]", #""""#, "{}"])
    func display(value: String) throws {
        let fixture = try IDTokenFixture()
        let claims = try fixture.verify(fixture.token(["email": value, "name": value]))
        #expect(claims.email == nil)
        #expect(claims.name == nil)
    }

    @Test("Entra's template: only iss with the token's own tenant is accepted")
    func entra() throws {
        var fixture = try IDTokenFixture()
        fixture.rules = IDTokenRules(issuer: .entraTenants, clientID: "tv")
        let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"
        let other = "9188040d-6c67-4c5b-b112-36a304b66dad"
        func issuer(_ tenant: String) -> String { "https://login.microsoftonline.com/\(tenant)/v2.0" }
        func token(_ iss: String, _ tid: String?) throws -> String {
            try fixture.token(["iss": "\"\(iss)\"", "tid": tid.map { "\"\($0)\"" }])
        }
        #expect(try fixture.verify(token(issuer(tenant), tenant)).issuer == issuer(tenant))
        let wrong: [(String, String?)] = [
            (issuer(tenant), nil), (issuer(tenant), other), (issuer("{tenantid}"), "{tenantid}"),
            (issuer("common"), "common"), (issuer("x/../\(tenant)"), "x/../\(tenant)"), (issuer(tenant) + "/", tenant),
            (issuer(tenant.uppercased()), tenant), (IDTokenFixture.issuer, tenant),
        ]
        for (iss, tid) in wrong {
            #expect(try fixture.refusal(token(iss, tid)) == .wrongIssuer(found: iss), "\(iss) \(tid ?? "-")")
        }
        func keys(_ owner: String) throws -> KeySet {
            let members = try fixture.signer.members().merging(["issuer": "\"\(owner)\""]) { $1 }
            return try IDTokenFixture.keySet(#"{"keys":[\#(TokenSigner.object(members))]}"#)
        }
        for owner in [issuer(tenant), issuer("{tenantid}")] {
            fixture.keys = try keys(owner)
            try fixture.verify(token(issuer(tenant), tenant))
        }
        fixture.keys = try keys(issuer(other))
        #expect(try fixture.refusal(token(issuer(tenant), tenant)) == .wrongIssuer(found: issuer(tenant)))
    }
}
