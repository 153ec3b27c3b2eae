import OAuth
import Testing

struct ChallengeTests {
    /// The challenges as texts: the scheme, and the named parameters that it has.
    private func shown(_ field: String, _ names: String...) throws -> [String] {
        try Challenge.parse(field).map { challenge in
            let parameters = names.compactMap { name in challenge[name].map { "\(name)=\($0)" } }
            return ([challenge.scheme] + [challenge.token68].compactMap(\.self) + parameters).joined(separator: " ")
        }
    }

    @Test("several schemes and parameters of one field are kept apart (RFC 9110 §11.6.1, RFC 9449 §7.2)")
    func examples() throws {
        #expect(
            try shown(
                #"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#, "realm", "type",
                "title")
                == ["basic realm=simple", #"newauth realm=apps type=1 title=Login to "apps""#])
        #expect(
            try shown(
                #"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#, "realm", "type")
                == ["newauth realm=apps type=1", "basic realm=simple"])
        #expect(
            try shown(
                #"Bearer, DPoP error="invalid_token", error_description="Invalid DPoP key binding", algs="ES256 PS256""#,
                "error", "algs")
                == ["bearer", "dpop error=invalid_token algs=ES256 PS256"])
        #expect(try shown(#"DPoP algs="ES256", Bearer scope="files""#, "scope") == ["dpop", "bearer scope=files"])
    }

    @Test(
        "what separates and quotes is read as the grammar has it, and no more",
        arguments: [
            ("Basic", ["basic"]),
            ("Negotiate a87421000492aa874209af8bc028==", ["negotiate a87421000492aa874209af8bc028=="]),
            ("Negotiate YII=, Basic realm=x", ["negotiate YII=", "basic a"]), ("Bearer realm=", ["bearer realm="]),
            ("NTLM, Negotiate", ["ntlm", "negotiate"]),
            (", ,Basic , , realm=x,,", ["basic a"]), ("Basic\trealm=x", ["basic a"]),
            ("BASIC REALM=\"x\"", ["basic a"]),
            ("Basic realm = \"x\" , charset=\"UTF-8\"", ["basic a b"]),
            ("Digest realm=\",f \", charset=x", ["digest a b"]),
            ("Basic realm=\"\"", ["basic a"]), ("Basic realm=\"Basic x=\\\"y\\\", z\"", ["basic a"]),
            ("Bearer realm=\"x\" charset=\"y\"", ["bearer a b"]),
            ("Bearer realm=https://idp.example/a?b=c#d", ["bearer a"]),
            ("Payment realm=a, Payment realm=b, Payment realm=c", ["payment a", "payment a", "payment a"]),
            ("Bearer realm=\"é\"", ["bearer a"]), ("", []), (" ,, ", []),
        ] as [(String, [String])])
    func grammar(field: String, expected: [String]) throws {
        let found = try Challenge.parse(field).map { challenge in
            let has = [challenge["realm"] == nil ? nil : "a", challenge["charset"] == nil ? nil : "b"]
            return ([challenge.scheme, challenge.token68] + has).compactMap(\.self).joined(separator: " ")
        }
        #expect(found == expected)
    }

    @Test(
        "a field that is not a list of challenges is refused as a whole",
        arguments: [
            #"Bearer realm="x"#, #"Bearer realm="x\"#, #"Bearer realm="x"y"#,
            #"Bearer realm="x" Basic realm="y""#,
            "Bearer =x", "Bearer realm=x, =y", "=x", "\"x\"", "Bearer realm=\"a\nb\"", "Bearer realm=\"a\\\u{7F}\"",
            "Bearer error=invalid_token, error_description=The token expired, scope=a", "Bearer/x",
            "Bearer realm=\u{0}",
            "Béarer realm=x", "Bearer realm=\"\u{1B}[1m\"", "Bearer \r\nBasic", "Bearer x y",
        ])
    func malformed(field: String) throws {
        let rejection = #expect(throws: ChallengeRejection.self) { try Challenge.parse(field) }
        guard case .malformed? = rejection else { return #expect(Bool(false), "\(field)") }
    }

    @Test("a parameter twice, and more or longer ones than servers send, are refused")
    func bounds() {
        #expect(throws: ChallengeRejection.duplicate("scope")) { try Challenge.parse("Bearer scope=a, Scope=b") }
        #expect(throws: ChallengeRejection.tooLong) { try Challenge.parse(String(repeating: ",", count: 16_385)) }
        let challenges = Array(repeating: "A b=c", count: 17).joined(separator: ",")
        #expect(throws: ChallengeRejection.tooMany) { try Challenge.parse(challenges) }
        let parameters = (0..<33).map { "p\($0)=x" }.joined(separator: ",")
        #expect(throws: ChallengeRejection.tooMany) { try Challenge.parse("A " + parameters) }
        #expect(ChallengeRejection.duplicate("a\u{1B}[31m").description == "it has 'a' twice")
    }

    @Test("no variation of a good field makes the parser fail or run on")
    func mutations() {
        let good = Array(
            #"Negotiate YII=, Bearer realm="a\"b", error="insufficient_user_authentication", acr_values="x y", max_age=5"#
                .utf8)
        for index in good.indices {
            for byte in Array("\"\\,= =\t".utf8) + [0, 0x80] {
                var bytes = good
                bytes[index] = byte
                _ = try? TokenChallenge.read(String(decoding: bytes, as: UTF8.self))
                bytes.insert(contentsOf: Array(repeating: byte, count: 40), at: index)
                _ = try? TokenChallenge.read(String(decoding: bytes, as: UTF8.self))
            }
            _ = try? Challenge.parse(String(decoding: good[..<index], as: UTF8.self))
            _ = try? Challenge.parse(String(decoding: good[index...], as: UTF8.self))
        }
    }
}
