extension ReplyCase {
    /// Replies to a refresh, a revocation and a request for metadata.
    static let laterReplies: [ReplyCase] = [
        ReplyCase(
            "docker-revoke-400", .revocation, 400,
            #"""
            {"access_token":"","id_token":"","refresh_token":"","scope":"","expires_in":0,"token_type":"",\#
            "error_description":"invalid client id"}
            """#,
            is: .notRevoked("invalid client id"),
            from: "docker/cli: internal/oauth/api/api_test.go"
        ),
        ReplyCase(
            "fitbit-errors-array", .refresh, 400,
            #"{"errors": [{"errorType": "invalid_grant"}]}"#,
            is: .relogin,
            from: "requests/requests-oauthlib: tests/test_compliance_fixes.py FitbitComplianceFixTest"
        ),
        ReplyCase(
            "generic-refresh-no-rt", .refresh, 200,
            #"{"access_token":"ACCESS_TOKEN",  "scope": "user", "token_type": "bearer"}"#,
            is: .token("ACCESS_TOKEN", scope: ["user"]),
            from: "golang/oauth2: oauth2_test.go"
        ),
        ReplyCase(
            "gitlab-refresh", .refresh, 200,
            #"""
            {
                 "access_token": "c97d1fe52119f38c7f67f0a14db68d60caa35ddc86fd12401718b649dcfa9c68",
                 "token_type": "bearer",
                 "expires_in": 7200,
                 "refresh_token": "803c1fd487fec35562c205dac93e9d8e08f9d3652a24079d704df3039df1158f",
                 "created_at": 1628711391
               }
            """#,
            is: .token(
                "c97d1fe52119f38c7f67f0a14db68d60caa35ddc86fd12401718b649dcfa9c68",
                refresh: "803c1fd487fec35562c205dac93e9d8e08f9d3652a24079d704df3039df1158f", expiresIn: 7200),
            from: "gitlabhq/gitlabhq: doc/api/oauth2.md"
        ),
        ReplyCase(
            "hf-refresh-revoked", .refresh, 400,
            #"{"error": "invalid_grant", "error_description": "revoked"}"#,
            is: .relogin,
            from: "huggingface/huggingface_hub: tests/test_auth.py"
        ),
        ReplyCase(
            "hydra-discovery", .discovery, 200,
            #"""
            {"issuer": "http://hydra.localhost", "authorization_endpoint": \#
            "http://hydra.localhost/oauth2/auth", "device_authorization_endpoint": \#
            "http://hydra.localhost/oauth2/device/auth",\#
             "token_endpoint": "http://hydra.localhost/oauth2/token",\#
             "revocation_endpoint": "http://hydra.localhost/oauth2/revoke",\#
             "scopes_supported": ["offline_access", "offline", "openid"], "userinfo_endpoint": "/userinfo",\#
             "grant_types_supported": ["authorization_code", "implicit", "client_credentials",\#
             "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"]}
            """#,
            is: .metadata(
                device: "http://hydra.localhost/oauth2/device/auth", token: "http://hydra.localhost/oauth2/token",
                revocation: "http://hydra.localhost/oauth2/revoke"),
            from: "ory/hydra: oauth2/.snapshots/TestHandlerWellKnown-hsm_enabled=false.json, members selected"
        ),
        ReplyCase(
            "okta-revoke", .revocation, 200, type: nil,
            "",
            is: .revoked,
            from: "https://developer.okta.com/docs/guides/device-authorization-grant/"
        ),
    ]
}
