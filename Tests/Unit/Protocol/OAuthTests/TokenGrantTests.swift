import OAuth
import SecretMemory
import Testing

@Suite struct TokenGrantTests {
    private func grant(_ json: String) throws -> TokenGrant { try TokenGrant(try fields(json)) }

    @Test("T2: unknown members are ignored and every known one is read")
    func complete() throws {
        let grant = try grant(
            """
            {"access_token":"at","token_type":"bEARER","expires_in":3599,"refresh_token":"rt 1","scope":"a b",
            "id_token":"e30.e30.","foci":"1","x":[{"y":1}],"not-before-policy":0}
            """
        )
        #expect(grant.accessToken.revealedText() == "at")
        #expect(grant.tokenType == "Bearer")
        #expect(grant.expiresIn == 3599)
        #expect(grant.refreshToken?.revealedText() == "rt 1")
        #expect(grant.scope == ["a", "b"])
        #expect(grant.idToken?.revealedText() == "e30.e30.")
    }

    @Test(
        "T3: expires_in, scope, refresh_token and token_type may be absent, null or empty",
        arguments: [
            #"{"access_token":"at"}"#,
            #"{"access_token":"at","expires_in":null,"refresh_token":null,"token_type":null,"id_token":null}"#,
            #"{"access_token":"at","expires_in":-1,"refresh_token":"","id_token":"","token_type":"Bearer"}"#,
        ]
    )
    func minimal(json: String) throws {
        let grant = try grant(json)
        #expect(grant.expiresIn == nil)
        #expect(grant.refreshToken == nil)
        #expect(grant.scope == nil)
        #expect(grant.idToken == nil)
        #expect(grant.tokenType == "Bearer")
    }

    @Test("T3: a lifetime is at most 10 years")
    func hugeLifetime() throws {
        #expect(try grant(#"{"access_token":"at","expires_in":9223372036854775807}"#).expiresIn == 315_360_000)
    }

    @Test(
        "T3: a refresh token's lifetime is read in each spelling; 0 and less mean never",
        arguments: [
            (#""refresh_expires_in":1800"#, 1800), (#""refresh_token_expires_in":"15897600""#, 15_897_600),
            (#""refreshTokenExpiresIn":60"#, 60), (#""refresh_expires_in":1e99"#, 315_360_000),
            (#""refresh_expires_in":0"#, nil), (#""refresh_expires_in":-1"#, nil), (#""refresh_expires_in":null"#, nil),
            (#""refresh_expires_in":"never""#, nil), (#""x":1"#, nil),
        ] as [(String, Int?)]
    )
    func refreshLifetime(member: String, expected: Int?) throws {
        #expect(try grant(#"{"access_token":"a",\#(member)}"#).refreshExpiresIn == expected)
    }

    @Test("AWS's camelCase is read")
    func camelCase() throws {
        let grant = try grant(
            #"{"accessToken":"at","tokenType":"Bearer","expiresIn":28800,"refreshToken":"rt","idToken":"it"}"#)
        #expect(grant.accessToken.revealedText() == "at")
        #expect(grant.expiresIn == 28800)
        #expect(grant.refreshToken?.revealedText() == "rt")
        #expect(grant.idToken?.revealedText() == "it")
        #expect(throws: TokenGrant.Rejection.self) { try self.grant(#"{"accessToken":"at","tokenType":"mac"}"#) }
    }

    @Test(
        "two spellings with different values are refused; equal or empty ones are accepted",
        arguments: [("accessToken", "a"), ("refreshToken", "r"), ("tokenType", "Bearer"), ("idToken", "i")]
    )
    func spellings(name: String, value: String) throws {
        let reply = #"{"access_token":"a","refresh_token":"r","token_type":"Bearer","id_token":"i","\#(name)":"#
        #expect(try grant(reply + "\"\(value)\"}").accessToken.revealedText() == "a")
        #expect(try grant(reply + "\"\"}").refreshToken?.revealedText() == "r")
        #expect(throws: TokenGrant.Rejection.self) { try grant(reply + "\"x\"}") }
    }

    @Test("Bitbucket's scopes are read, a list is split further, and its length is bounded")
    func scopeForms() throws {
        #expect(try grant(#"{"access_token":"a","scopes":"x y"}"#).scope == ["x", "y"])
        #expect(try grant(#"{"access_token":"a","scope":["x y","z"],"scopes":"w"}"#).scope == ["x", "y", "z"])
        let many = String(repeating: "s ", count: 2_000)
        #expect(try grant(#"{"access_token":"a","scope":"\#(many)"}"#).scope?.count == 1_000)
    }

    @Test("T4: a new refresh token is read; without one there is none, so that the old one stays")
    func rotation() throws {
        #expect(try grant(#"{"access_token":"a","refresh_token":"new"}"#).refreshToken?.revealedText() == "new")
        #expect(try grant(#"{"access_token":"a"}"#).refreshToken == nil)
    }

    @Test(
        "T2: a token of an unknown type is refused",
        arguments: [
            "\"mac\"", "\"DPoP\"", "\"N_A\"", "\"Bearer \"", "\"Application Access Token\"", "7", "[]", "true", "\"\"",
        ]
    )
    func unknownType(type: String) {
        #expect(throws: TokenGrant.Rejection.self) { try grant(#"{"access_token":"a","token_type":\#(type)}"#) }
    }

    @Test(
        "a missing access token, or one not valid in a header, is refused",
        arguments: [
            "{}", #"{"access_token":null}"#, #"{"access_token":""}"#, #"{"access_token":7}"#,
            #"{"access_token":["a"]}"#,
            #"{"access_token":"a b"}"#, #"{"access_token":"a\u0000"}"#, #"{"access_token":"a\r\nX: y"}"#,
            #"{"access_token":"é"}"#, #"{"access_token":"a\u007f"}"#, #"{"authorization_code":"c"}"#,
            #"{"access_token":"\#(String(repeating: "a", count: 64 * 1024 + 1))"}"#,
        ]
    )
    func noAccessToken(json: String) {
        #expect(throws: TokenGrant.Rejection.self) { try grant(json) }
    }

    @Test("a malformed refresh token is refused, a malformed ID token dropped")
    func malformedOthers() throws {
        #expect(throws: TokenGrant.Rejection.self) { try grant(#"{"access_token":"a","refresh_token":"\n"}"#) }
        #expect(throws: TokenGrant.Rejection.self) { try grant(#"{"access_token":"a","refresh_token":{}}"#) }
        #expect(try grant(#"{"access_token":"a","id_token":"a\u0001b"}"#).idToken == nil)
    }

    @Test("S1: a scope with control characters is dropped")
    func scopes() throws {
        #expect(try grant(#"{"access_token":"a","scope":["ok","\u001b[31m","x\u202ey",""]}"#).scope == ["ok"])
    }
}
