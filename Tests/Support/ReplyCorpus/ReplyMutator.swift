internal import Formats
internal import OAuth

/// Creates damaged and hostile replies from the known ones; the same seed creates the same replies.
package struct ReplyMutator {
    /// The secrets that the requests are assumed to contain, so that a reply can echo them.
    package static let sent = ["dc-Zx81kQ+7w/PLm3=v9", "cs~Hn5 2vT\"q\\8RyB0jU"]

    private var random: SeededGenerator
    private let seeds = ReplyCase.all.map { (status: $0.status, body: $0.body) } + otherSeeds

    package init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    package mutating func next() -> (status: Int, retryAfter: String?, body: [UInt8]) {
        let seed = seeds[Int.random(in: 0..<seeds.count, using: &random)]
        var body = Array(seed.body.utf8)
        if case .object(let members)? = try? JSONReader.read(body), Int.random(in: 0..<4, using: &random) > 0 {
            var writer = HostileJSON(random: random)
            body = writer.write(members, asForm: Int.random(in: 0..<8, using: &random) == 0)
            random = writer.random
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) { damage(&body) }
        let statuses = [seed.status, seed.status, 200, 400, 401, 403, 409, 410, 418, 429, 503, 302, 99, -1]
        return (
            pick(statuses, or: 400), pick([nil, nil, nil, "30", "99999999999999999999", "x\u{0}", "-1"], or: nil), body
        )
    }

    private mutating func pick<Value>(_ values: [Value], or fallback: Value) -> Value {
        values.randomElement(using: &random) ?? fallback
    }

    /// A transmission error.
    private mutating func damage(_ body: inout [UInt8]) {
        guard let index = body.indices.randomElement(using: &random) else {
            body = pick(Self.fragments, or: [])
            return
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: body[index] = UInt8.random(in: 0...255, using: &random)
        case 1: body.remove(at: index)
        case 2: body.removeSubrange(index...)
        case 3: body.insert(contentsOf: body[..<index], at: body.endIndex)
        default: body.insert(contentsOf: pick(Self.fragments, or: []), at: index)
        }
    }

    private static let fragments: [[UInt8]] =
        [
            "\"", "\\", "\\u", "\\ud800", "\\u001b[31m", "\\u202e", "{", "}", "[", "]", ",", ":", "%", "=", "&", "+",
            "\u{0}", "\u{1B}", "1e", "-", "\u{FEFF}", "null", "\"error\":", "https://", "@", "#", "[::", "\r\n",
            "<html>", "access_token=", "error=", String(repeating: "[", count: 40),
        ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90]]
}

extension ReplyMutator {
    /// Replies of the endpoints without a `ReplyCase`: keys, introspection, registration, and claims of a token.
    static let otherSeeds: [(status: Int, body: String)] = [
        (
            200,
            """
            {"keys":[{"kty":"EC","crv":"P-256","kid":"a","use":"sig","alg":"ES256",\
            "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},\
            {"kty":"OKP","crv":"Ed25519","kid":"b","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},\
            {"kty":"RSA","kid":"c","e":"AQAB","n":"\(String(repeating: "sXchDaQebHnPiGvyDOAT4sY1", count: 14))sXchDQ"}]}
            """
        ),
        (
            200,
            #"{"active":true,"scope":"a b","client_id":"tv","username":"ann","exp":1800000000,"aud":["x","y"],"#
                + #""sub":"ann","nested":{"x":[1,2.5,null,true]}}"#
        ),
        (200, #"{"active":false}"#),
        (
            201,
            #"{"client_id":"c1","client_secret":"rs-Qw8z","client_secret_expires_at":0,"#
                + #""registration_access_token":"rt-Mn4k","registration_client_uri":"https://h.example/register/c1","#
                + #""token_endpoint_auth_method":"client_secret_basic","#
                + #""grant_types":["urn:ietf:params:oauth:grant-type:device_code"]}"#
        ),
        (
            200,
            #"{"iss":"https://h.example","sub":"ann","aud":"tv","exp":1800000000,"iat":1799990000,"#
                + #""address":{"country":"x","lines":["a","b"]}}"#
        ),
        (201, #"{"request_uri":"urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c","expires_in":90}"#),
        (200, #"{"auth_req_id":"1c266114-a1be-4252-8ad1-04986c5b9ac1","expires_in":120,"interval":2}"#),
        (400, #"{"error":"unknown_user_id","error_description":"no such user"}"#),
        (
            200,
            #"{"access_token":"at","token_type":"Bearer","authorization_details":[{"type":"payment","#
                + #""actions":["read","write"],"amount":{"value":"45.00","currency":"EUR"}}]}"#
        ),
        (302, "code=SplxlOBeZQQYbYS6WxSbIA&state=af0ifjsldkj&iss=https%3A%2F%2Fh.example"),
        (302, "http://127.0.0.1/callback?error=access_denied&error_description=no+thanks&state=af0ifjsldkj"),
        (
            401,
            #"Negotiate YII=, Bearer realm="a\"b", error="insufficient_user_authentication", acr_values="x y", "#
                + #"max_age=5, DPoP algs="ES256""#
        ),
        (
            401,
            #"Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsiYWNycyI6eyJ2YWx1ZSI6ImMxIn19fQ==""#
        ),
        (200, #"[{"type":"payment","actions":["read"],"amount":{"value":45.00}},{"type":"x","locations":["y"]}]"#),
    ]
}
