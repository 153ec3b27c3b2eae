import OAuth
import SecretMemory
import Testing

struct AuthorizationDetailsTests {
    private func details(_ text: String) throws -> AuthorizationDetails { try AuthorizationDetails(parsing: text) }

    @Test("equal details have one text, whatever their order and spelling")
    func canonical() throws {
        let expected = #"[{"a":[2,1],"b":{"c":null,"d":"é\"\\\u000a"},"type":"x"},{"type":"y"}]"#
        let spellings = [
            #"[{"type":"x","b":{"d":"é\"\\\n","c":null},"a":[2,1]},{"type":"y"}]"#,
            " [ {\"type\" : \"y\"},\n{\"type\":\"x\",\"a\":[2, 1],\"b\":{\"c\":null,\"d\":\"\\u00e9\\u0022\\u005c\\u000A\"}} ] ",
            #"[{"type":"y"},{"type":"y"},{"type":"x","b":{"d":"é\"\\\n","c":null},"a":[2,1]}]"#,
        ]
        for spelling in spellings {
            #expect(try details(spelling).text == expected)
            #expect(try details(spelling) == details(expected))
            #expect(try details(spelling).hashValue == details(expected).hashValue)
        }
        #expect(try details(expected).types == ["x", "y"])
        #expect(try details(#"[{"type":"x","a":[1,2]}]"#) != details(#"[{"type":"x","a":[2,1]}]"#))
        #expect(try details(#"[{"type":"é"}]"#) != details("[{\"type\":\"e\u{301}\"}]"))
    }

    @Test(
        "what is not a list of objects with a type is refused",
        arguments: [
            ("", .notJSON), ("[", .notJSON), ("{}", .notArray), (#""x""#, .notArray), ("[]", .empty),
            ("[1]", .notObject),
            ("[[]]", .notObject), ("[{}]", .noType), (#"[{"type":1}]"#, .noType), (#"[{"type":""}]"#, .malformedType),
            (#"[{"type":"\u001b[1m"}]"#, .malformedType), (#"[{"type":"x","type":"y"}]"#, .notJSON),
            (#"[{"type":"\#(String(repeating: "x", count: 257))"}]"#, .malformedType),
            ("[\(Array(repeating: #"{"type":"x"}"#, count: 33).joined(separator: ","))]", .tooMany(limit: 32)),
            (#"[{"type":"x","a":"\#(String(repeating: "x", count: 4096))"}]"#, .tooLong(limit: 4096)),
            (String(repeating: "[", count: 2000), .notJSON),
        ] as [(String, AuthorizationDetails.Rejection)])
    func refused(text: String, expected: AuthorizationDetails.Rejection) {
        let rejection = #expect(throws: AuthorizationDetails.Rejection.self) { try details(text) }
        #expect(rejection == expected)
        #expect(rejection?.description.hasPrefix("it ") == true || rejection == .malformedType)
    }

    @Test("a type that the provider does not list is named; without a list every type may be known")
    func types() throws {
        let asked = try details(#"[{"type":"b"},{"type":"a"},{"type":"a","x":1}]"#)
        #expect(asked.unsupportedTypes(["a"]) == ["b"])
        #expect(asked.unsupportedTypes([]) == ["a", "b"])
        #expect(asked.unsupportedTypes(nil).isEmpty)
    }

    @Test(
        "granted details count as granted if they have all that was named; what the provider adds is no matter",
        arguments: [
            (#"{"type":"x"}"#, #"{"type":"x","accounts":["1"],"actions":["read"]}"#, true),
            (#"{"type":"x","actions":["read"]}"#, #"{"actions":["read"],"type":"x"}"#, true),
            (
                #"{"type":"x","amount":{"value":"45.00","currency":"EUR"}}"#,
                #"{"type":"x","amount":{"currency":"EUR","value":"45.00","at":1}}"#, true
            ),
            (#"{"type":"x","n":45}"#, #"{"type":"x","n":45.00}"#, true),
            (#"{"type":"x","access":{"accounts":[]}}"#, #"{"type":"x","access":{"accounts":["1","2"]}}"#, true),
            (#"{"type":"x","payee":null}"#, #"{"type":"x"}"#, true),
            (#"{"type":"x","list":[{"a":1}]}"#, #"{"type":"x","list":[{"a":1,"b":2}]}"#, true),
            (#"{"type":"x"}"#, #"{"type":"y"}"#, false),
            (#"{"type":"x","actions":["read","write"]}"#, #"{"type":"x","actions":["read"]}"#, false),
            (#"{"type":"x","actions":["read"]}"#, #"{"type":"x"}"#, false),
            (#"{"type":"x","actions":["read"]}"#, #"{"type":"x","actions":"read"}"#, false),
            (#"{"type":"x","amount":{"value":"45.00"}}"#, #"{"type":"x","amount":{"value":"4500"}}"#, false),
            (#"{"type":"x","n":45}"#, #"{"type":"x","n":46}"#, false),
            (#"{"type":"x","n":45}"#, #"{"type":"x","n":"45"}"#, false),
        ])
    func granted(asked: String, granted: String, isGranted: Bool) throws {
        let reply = try details("[\(asked)]").reply(details("[\(granted)]"))
        #expect(reply.notGranted == (isGranted ? [] : ["x"]), "\(reply)")
    }

    @Test(
        "more actions, places or objects than requested are more access",
        arguments: [
            (#"[{"type":"x","actions":["read"]}]"#, #"[{"type":"x","actions":["read","write"]}]"#, ["x"]),
            (
                #"[{"type":"x","locations":["https://a"]}]"#, #"[{"type":"x","locations":["https://a","https://b"]}]"#,
                ["x"]
            ),
            (#"[{"type":"x","identifier":"1"}]"#, #"[{"type":"x","identifier":"2"}]"#, ["x"]),
            (#"[{"type":"x","identifier":"1"}]"#, #"[{"type":"x"}]"#, ["x"]),
            (#"[{"type":"x"}]"#, #"[{"type":"x"},{"type":"y"}]"#, ["y"]),
            (#"[{"type":"x","actions":["read"]}]"#, #"[{"type":"x","actions":["read"],"status":"ok"}]"#, []),
            (#"[{"type":"x"}]"#, #"[{"type":"x","actions":["read"],"accounts":["1"]}]"#, []),
            (
                #"[{"type":"x","actions":["read"]},{"type":"x","actions":["write"]}]"#,
                #"[{"type":"x","actions":["write"]}]"#, []
            ),
        ])
    func notAsked(asked: String, granted: String, expected: [String]) throws {
        #expect(try details(asked).reply(details(granted)).notAsked == expected)
    }

    @Test("a reply without details confirms none (RFC 9396 §7)")
    func absent() throws {
        let asked = try details(#"[{"type":"y"},{"type":"x"}]"#)
        #expect(asked.reply(nil) == asked.reply(TokenGrant(accessToken: SecretBytes("a")).authorizationDetails))
        #expect(asked.reply(nil).notGranted == ["x", "y"])
        #expect(!asked.reply(nil).isAsAsked)
        #expect(asked.reply(asked).isAsAsked)
    }

    @Test(
        "the member of a token reply is read as an array or as its text; anything else confirms nothing",
        arguments: [
            (#"[{"type":"x"}]"#, true), (#""[{\"type\":\"x\"}]""#, true), ("null", false), ("[]", false), ("{}", false),
            (#""x""#, false), ("[1]", false), (#"[{"type":"x"},{}]"#, false), ("7", false), (#""""#, false),
        ])
    func reply(value: String, isRead: Bool) throws {
        let grant = try TokenGrant(fields(#"{"access_token":"a","authorization_details":\#(value)}"#))
        #expect((grant.authorizationDetails != nil) == isRead)
        #expect(grant.areDetailsUnreadable == (!isRead && !["null", "[]", #""""#].contains(value)))
    }

    @Test("details go with a device request and a refresh, and in place of a dialect's parameter")
    func requests() async throws {
        let transport = ScriptedTransport(HTTPResponse(400), HTTPResponse(400))
        let login = try CodeLogin(transport)
        let asked = try details(#"[{"type":"x"}]"#)
        _ = await login.server.refresh(SecretBytes("rt"), scopes: nil, details: asked, claims: #"{"a":1}"#)
        #expect(
            transport.requests[0].form.suffix(3) == [
                "authorization_details=%5B%7B%22type%22%3A%22x%22%7D%5D", "claims=%7B%22a%22%3A1%7D", "client_id=app",
            ])
    }
}
