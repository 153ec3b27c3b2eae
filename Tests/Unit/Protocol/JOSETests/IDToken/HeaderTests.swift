import JOSE
import TestSupport
import Testing

struct HeaderTests {
    @Test(
        "J1: keys and key URLs in the token itself are never used",
        arguments: ["jwk", "jku", "x5u", "x5c", "x5t"])
    func ownKey(member: String) throws {
        let attacker = try TokenSigner("ES256", keyID: "evil")
        let fixture = try IDTokenFixture()
        let value =
            switch member {
            case "jwk": TokenSigner.object(try attacker.members())
            case "x5c": #"["MIIB"]"#
            default: #""https://attacker.example/keys""#
            }
        let forged = try attacker.token(IDTokenFixture.claims, header: [member: value])
        #expect(try fixture.refusal(forged) == .unknownKey(id: "evil"))
        let stolenID = try attacker.token(IDTokenFixture.claims, header: [member: value, "kid": #""k1""#])
        #expect(try fixture.refusal(stolenID) == .badSignature(isKeyKnown: true))
        let noID = try attacker.token(IDTokenFixture.claims, header: [member: value, "kid": nil])
        #expect(try fixture.refusal(noID) == .badSignature(isKeyKnown: false))
        // With the issuer's signature they change nothing.
        #expect(try fixture.verify(fixture.token(header: [member: value])).subject == "u-1")
    }

    @Test(
        "J1: a critical extension is refused, registered or not",
        arguments: [#"["exp"]"#, #"["b64"]"#, "[]", "null", #""exp""#])
    func critical(value: String) throws {
        let fixture = try IDTokenFixture()
        #expect(try fixture.refusal(fixture.token(header: ["crit": value, "b64": "false"])) == .criticalHeader)
    }

    @Test(
        "RFC 8725 §3.11: a token of another kind from the same issuer is refused",
        arguments: ["at+jwt", "AT+JWT", "application/at+jwt", "logout+jwt", "secevent+jwt"])
    func otherKind(type: String) throws {
        let fixture = try IDTokenFixture()
        #expect(try fixture.refusal(fixture.token(header: ["typ": "\"\(type)\""])) == .otherKind(type))
    }

    @Test(
        "a token without typ, or with a synonym of JWT, is an ID token",
        arguments: [nil, #""jwt""#, #""JOSE""#, "1"])
    func anyType(type: String?) throws {
        let fixture = try IDTokenFixture()
        try fixture.verify(fixture.token(header: ["typ": type]))
    }

    @Test(
        "a header without an algorithm, or with members of the wrong type, is refused",
        arguments: [
            ["alg": nil], ["alg": "null"], ["alg": "256"], ["alg": #"["ES256"]"#], ["kid": "1"], ["kid": "null"],
            ["kid": #"["k1"]"#],
        ] as [[String: String?]])
    func wrongTypes(header: [String: String?]) throws {
        let fixture = try IDTokenFixture()
        #expect(try fixture.refusal(fixture.token(header: header)) == .malformed(.header))
    }

    @Test("duplicate members in the header or the payload are refused, in either order")
    func duplicates() throws {
        let fixture = try IDTokenFixture()
        let payload = TokenSigner.object(IDTokenFixture.claims)
        let header = fixture.signer.header()
        for twice in [#"{"alg":"none",\#(header.dropFirst())"#, #"\#(header.dropLast()),"alg":"none"}"#] {
            #expect(try fixture.refusal(fixture.signer.token(header: twice, payload: payload)) == .malformed(.header))
        }
        for claim in ["iss", "sub", "aud", "exp", "iat"] {
            let value = (IDTokenFixture.claims[claim] ?? nil) ?? ""
            for twice in [
                #"{"\#(claim)":"x",\#(payload.dropFirst())"#, #"\#(payload.dropLast()),"\#(claim)":\#(value)}"#,
            ] {
                #expect(
                    try fixture.refusal(fixture.signer.token(header: header, payload: twice)) == .malformed(.payload))
            }
        }
    }

    @Test("a malformed compact JWS is refused with the reason")
    func malformed() throws {
        let fixture = try IDTokenFixture()
        let token = try fixture.token()
        let parts = token.split(separator: ".").map(String.init)
        #expect(try fixture.refusal("") == .malformed(.notThreeParts))
        #expect(try fixture.refusal("opaque") == .malformed(.notThreeParts))
        #expect(try fixture.refusal(parts[0] + "." + parts[1]) == .malformed(.notThreeParts))
        #expect(try fixture.refusal(token + ".x.y") == .encrypted)
        #expect(try fixture.refusal("..") == .malformed(.header))
        #expect(try fixture.refusal("W10." + parts[1] + "." + parts[2]) == .malformed(.header))
        #expect(try fixture.refusal(parts[0] + ".e30=." + parts[2]) == .malformed(.payload))
        #expect(try fixture.refusal(parts[0] + ".IntfSI." + parts[2]) == .malformed(.payload))
        #expect(try fixture.refusal(token + "=") == .malformed(.signature))
        #expect(try fixture.refusal(token + "\n") == .malformed(.signature))
        #expect(try fixture.refusal(parts[0] + "." + parts[1] + ".+/") == .malformed(.signature))
        #expect(try fixture.refusal(token + String(repeating: "A", count: 70_000)) == .malformed(.tooLong))
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(try fixture.refusal(fixture.token(["x": deep])) == .malformed(.payload))
    }
}
