extension ReplyCase {
    /// Replies to a poll that are a token, or look like one.
    static let tokenReplies: [ReplyCase] = [
        ReplyCase(
            "codex-poll-success-code", .poll, 200,
            #"""
            {"authorization_code":"auth-code","code_challenge":"challenge","code_verifier":"verifier"}
            """#,
            is: .unsupported,
            from: "openai/codex: codex-rs/login/src/device_code_auth.rs (CodeSuccessResp)"
        ),
        ReplyCase(
            "ebay-token-type-phrase", .poll, 200,
            #"""
            {"access_token": "this is the access token", "expires_in": 7200,\#
             "token_type": "Application Access Token"}
            """#,
            is: .badResponse,
            from: "requests/requests-oauthlib: tests/test_compliance_fixes.py EbayComplianceFixTest"
        ),
        ReplyCase(
            "entra-token-extras", .poll, 200,
            #"""
            {"token_type":"Bearer","scope":"openid profile User.Read email","expires_in":3599,\#
            "ext_expires_in":3599,"access_token":"thisIs.an.accessT0ken",\#
            "refresh_token":"thisIsARefreshT0ken","id_token":"e30.e30.",\#
            "client_info":"eyJ1aWQiOiIxMjMtdGVzdC11aWQifQ","foci":"1"}
            """#,
            is: .token(
                "thisIs.an.accessT0ken", refresh: "thisIsARefreshT0ken", expiresIn: 3599,
                scope: ["openid", "profile", "User.Read", "email"], hasIDToken: true),
            from: "AzureAD/microsoft-authentication-library-for-js: msal-common, StringConstants.ts"
        ),
        ReplyCase(
            "generic-missing-access-token", .poll, 200,
            #"{"scope": "user", "token_type": "bearer"}"#,
            is: .badResponse,
            from: "golang/oauth2: oauth2_test.go TestExchangeRequest_BadResponse"
        ),
        ReplyCase(
            "generic-scope-empty", .poll, 200,
            #"{"access_token":"foo","token_type":"bearer","scope":""}"#,
            is: .token("foo", scope: []),
            from: "panva/oauth4webapi: test/issue-15.test.ts"
        ),
        ReplyCase(
            "hf-token-no-type", .poll, 200,
            #"{"access_token": "hf_oauth_123", "refresh_token": "rt_123", "expires_in": 2592000}"#,
            is: .token("hf_oauth_123", refresh: "rt_123", expiresIn: 2592000),
            from: "huggingface/huggingface_hub: tests/test_auth.py"
        ),
        ReplyCase(
            "keycloak-token", .poll, 200,
            #"""
            {
                "access_token": "eyJ...v8inQ",
                "expires_in": 300,
                "refresh_expires_in": 1800,
                "refresh_token": "eyJ...cUMI",
                "token_type": "Bearer",
                "id_token": "eyJ...U1JA",
                "not-before-policy": 0,
                "session_state": "0932e5d5-7253-4472-bb5f-c6287aaff314",
                "scope": "openid profile email"
            }
            """#,
            is: .token(
                "eyJ...v8inQ", refresh: "eyJ...cUMI", expiresIn: 300, scope: ["openid", "profile", "email"],
                hasIDToken: true, refreshExpiresIn: 1800),
            from: "a recorded reply of Keycloak"
        ),
        ReplyCase(
            "keycloak-token-refresh-expires-zero", .poll, 200,
            #"""
            {
                 "access_token": "<TOKEN>",
                 "expires_in": 300,
                 "refresh_expires_in": 0,
                 "token_type": "Bearer",
                 "not-before-policy": 0
               }
            """#,
            is: .token("<TOKEN>", expiresIn: 300),
            from: "Camunda's documentation of its Keycloak"
        ),
    ]
}
