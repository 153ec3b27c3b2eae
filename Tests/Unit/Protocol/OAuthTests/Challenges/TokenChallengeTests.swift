import Foundation
import OAuth
import Testing

struct TokenChallengeTests {
    @Test("a step-up challenge has the contexts in their order, an age, and scopes (RFC 9470 §3)")
    func stepUp() throws {
        #expect(
            try TokenChallenge.read(
                #"Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR other""#
            ) == .stepUp(acrValues: ["myACR", "other"], maxAge: nil, scopes: []))
        for age in ["5", "\"5\"", "05"] {
            #expect(
                try TokenChallenge.read("DPoP error=insufficient_user_authentication, max_age=\(age), scope=\"a b\"")
                    == .stepUp(acrValues: [], maxAge: 5, scopes: ["a", "b"]))
        }
        #expect(
            try TokenChallenge.read(
                "Bearer error=insufficient_user_authentication,acr_values=\"urn:a:1  b b\",max_age=0")
                == .stepUp(acrValues: ["urn:a:1", "b"], maxAge: 0, scopes: []))
    }

    @Test(
        "a step-up challenge with values that no login can ask for is refused",
        arguments: [
            "max_age=-5", "max_age=\"\"", "max_age=5.5", "max_age=1e3", "max_age=\" 5\"", "max_age=9999999999",
            "acr_values=\"a\u{E9}\"", "acr_values=\"a\tb\u{7}\"",
            "acr_values=\"\(String(repeating: "x", count: 257))\"",
            "acr_values=\"\((0..<33).map { "v\($0)" }.joined(separator: " "))\"",
        ])
    func malformed(parameter: String) {
        #expect(throws: ChallengeRejection.self) {
            try TokenChallenge.read("Bearer error=insufficient_user_authentication, \(parameter)")
        }
    }

    @Test("Entra's claims are decoded from base64 or base64url, and checked to be a JSON object")
    func claims() throws {
        let json = #"{"access_token":{"acrs":{"essential":true,"value":"c1"},"x":"?>~"}}"#
        let standard = Data(json.utf8).base64EncodedString()
        let urlSafe = standard.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        #expect(standard != urlSafe)
        for text in [standard, urlSafe] {
            let field =
                #"Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", "#
                + #"error="insufficient_claims", claims="\#(text)""#
            #expect(try TokenChallenge.read(field) == .insufficientClaims(json))
        }
        let quoted = json.replacing("\"", with: "\\\"")
        #expect(
            try TokenChallenge.read("Bearer error=insufficient_claims, claims=\"\(quoted)\"")
                == .insufficientClaims(json))
        for bad in [
            "", "%%%", "W10=", Data("7".utf8).base64EncodedString(), "eyJhIjoxLCJhIjoyfQ",
            Data((String(repeating: " ", count: 4100) + "{}").utf8).base64EncodedString(),
        ] {
            #expect(throws: ChallengeRejection.parameter("claims"), "\(bad)") {
                try TokenChallenge.read("Bearer error=insufficient_claims, claims=\"\(bad)\"")
            }
        }
        #expect(throws: ChallengeRejection.parameter("claims")) {
            try TokenChallenge.read("Bearer error=insufficient_claims")
        }
    }

    @Test(
        "the other challenges are known by their error, and only those for access tokens count",
        arguments: [
            (
                #"Bearer error="insufficient_scope", scope="read write read a\"b""#,
                .insufficientScope(["read", "write"])
            ),
            (#"Bearer error="insufficient_scope""#, .insufficientScope([])),
            (#"Bearer realm="x", error="invalid_token", error_description="expired""#, .invalidToken),
            (#"DPoP error="use_dpop_nonce", error_description="x""#, .useNonce),
            (#"Bearer error="invalid_request""#, .other(error: "invalid_request")), ("Bearer", .other(error: nil)),
            (#"Bearer realm="x", resource_metadata="https://a.example/.well-known/x""#, .other(error: nil)),
            ("bEARER ERROR=invalid_token", .invalidToken),
            (#"Basic realm="error=insufficient_scope""#, nil), ("", nil), ("Negotiate abc=", nil),
            (#"Digest error="invalid_token""#, nil),
        ] as [(String, TokenChallenge?)])
    func others(field: String, expected: TokenChallenge?) throws {
        #expect(try TokenChallenge.read(field) == expected)
    }

    @Test("of several challenges the one that asks for most counts, wherever it stands")
    func several() throws {
        let step = #"Bearer error="insufficient_user_authentication", max_age=5"#
        let scope = #"Bearer error="insufficient_scope", scope="a""#
        let nonce = #"DPoP error="use_dpop_nonce""#
        let basic = #"Basic realm="x, Bearer error=y""#
        for field in ["\(basic), \(step), \(scope)", "\(scope), \(nonce), \(step)", "\(nonce), \(basic), \(step)"] {
            #expect(try TokenChallenge.read(field) == .stepUp(acrValues: [], maxAge: 5, scopes: []))
        }
        #expect(try TokenChallenge.read("\(nonce), Bearer error=invalid_token") == .invalidToken)
        #expect(try TokenChallenge.read("Bearer, \(nonce)") == .useNonce)
        #expect(try TokenChallenge.read("Bearer error=a, DPoP error=b") == .other(error: "a"))
    }
}
