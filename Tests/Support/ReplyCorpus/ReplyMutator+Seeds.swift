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
    ]
}
