extension ReplyCase {
    /// Replies to a poll that are not a token.
    static let pollErrors: [ReplyCase] = [
        ReplyCase(
            "adal-poll-pending", .poll, 400,
            #"""
            {"error":"authorization_pending","error_description":"AADSTS70016: Pending end-user \#
            authorization.\r\nTrace ID: cd417f24-8d41-4d02-89bf-f8fc974e887f\r\nCorrelation ID: \#
            02c9684c-b36c-423a-a78d-68ff007b0dbd\r\nTimestamp: 2016-10-19 16:29:47Z","error_codes":[70016],\#
            "timestamp":"2016-10-19 16:29:47Z","trace_id":"cd417f24-8d41-4d02-89bf-f8fc974e887f",\#
            "correlation_id":"02c9684c-b36c-423a-a78d-68ff007b0dbd"}
            """#,
            is: .pending,
            from: "https://github.com/AzureAD/azure-activedirectory-library-for-nodejs/issues/137"
        ),
        ReplyCase(
            "auth0-poll-denied-403", .poll, 403,
            #"""
            {
                "error": "access_denied",
                "error_description": "Failure: User cancelled the confirmation prompt or consent page; the \#
            code expired; there was an error."
            }
            """#,
            is: .denied,
            from: "https://auth0.com/docs/api/authentication#device-authorization-flow"
        ),
        ReplyCase(
            "auth0-poll-expired-once", .poll, 403,
            #"""
            {
              "error": "expired_token",
              "error_description": "..."
            }
            """#,
            is: .expired,
            from: "https://auth0.com/docs/quickstart/native/device/interactive"
        ),
        ReplyCase(
            "auth0-poll-invalid-grant-after-expiry", .poll, 403,
            #"""
            {
              "error": "invalid_grant",
              "error_description": "Failure: User cancelled the confirmation prompt or consent page; the \#
            code expired; there was an error."
            }
            """#,
            is: .failed("invalid_grant"),
            from: "https://auth0.com/docs/api/authentication#device-authorization-flow"
        ),
        ReplyCase(
            "auth0-poll-pending-200", .poll, 200,
            #"""
            {
                "error": "authorization_pending",
                "error_description": "still pending auth"
            }
            """#,
            is: .pending,
            from: "auth0/auth0-cli: internal/auth/auth_test.go"
        ),
        ReplyCase(
            "aws-poll-denied", .poll, 400,
            #"{"error": "access_denied", "error_description": "..."}"#,
            is: .denied,
            from: "boto/botocore: botocore/data/sso-oidc/2019-06-10/service-2.json"
        ),
        ReplyCase(
            "aws-poll-pending", .poll, 400,
            #"{"error": "authorization_pending", "error_description": "..."}"#,
            is: .pending,
            from: "boto/botocore: botocore/data/sso-oidc/2019-06-10/service-2.json"
        ),
        ReplyCase(
            "codex-poll-token-pending", .poll, 400,
            #"{ "error": "token_pending" }"#,
            is: .failed("token_pending"),
            from: "openai/codex: codex-rs/login/tests/suite/device_code_login.rs"
        ),
        ReplyCase(
            "entra-error-codes-invalid-scope", .poll, 400,
            #"""
            {
              "error": "invalid_scope",
              "error_description": "AADSTS70011: The provided value for the input parameter 'scope' is not \#
            valid. The scope https://foo.microsoft.com/mail.read is not valid.\r\nTrace ID: \#
            0000aaaa-11bb-cccc-dd22-eeeeee333333\r\nCorrelation ID: \#
            aaaa0000-bb11-2222-33cc-444444dddddd\r\nTimestamp: 2016-01-09 02:02:12Z",
              "error_codes": [
                70011
              ],
              "timestamp": "2016-01-09 02:02:12Z",
              "trace_id": "0000aaaa-11bb-cccc-dd22-eeeeee333333",
              "correlation_id": "aaaa0000-bb11-2222-33cc-444444dddddd"
            }
            """#,
            is: .failed("invalid_scope"),
            from: "MicrosoftDocs/entra-docs: v2-oauth2-auth-code-flow.md"
        ),
        ReplyCase(
            "entra-poll-expired-token", .poll, 400,
            #"{"error": "expired_token"}"#,
            is: .expired,
            from: "MicrosoftDocs/entra-docs: v2-oauth2-device-code.md"
        ),
        ReplyCase(
            "entra-poll-pending-403", .poll, 403,
            #"""
            {"error":"authorization_pending","error_description":"AADSTS70016: Pending end-user \#
            authorization.\r\nTrace ID: f6c2c73f-a21d-474e-a71f-d8b121a58205\r\nCorrelation ID: \#
            36fe3e82-442f-4418-b9f4-9f4b9295831d\r\nTimestamp: 2015-09-24 19:51:51Z","error_codes":[70016],\#
            "timestamp":"2015-09-24 19:51:51Z","trace_id":"f6c2c73f-a21d-474e-a71f-d8b121a58205",\#
            "correlation_id":"36fe3e82-442f-4418-b9f4-9f4b9295831d"}
            """#,
            is: .pending,
            from: "AzureAD/microsoft-authentication-library-for-dotnet: unit tests"
        ),
        ReplyCase(
            "facebook-poll-expired", .poll, 400,
            #"""
            {"error":{"message":"The session has expired","code":463,"error_subcode":1349152,\#
             "error_user_title":"Activation Code Expired",\#
            "error_user_msg":"The code you entered has expired. Please go back to your device for a new \#
            code and try again."}}
            """#,
            is: .expired,
            from: "https://developers.facebook.com/docs/facebook-login/for-devices"
        ),
        ReplyCase(
            "facebook-poll-pending", .poll, 400,
            #"""
            {"error":{"message":"This request requires the user to take a pending action","code":31,\#
            "error_subcode":1349174,"error_user_title":"Device Login Authorization Pending",\#
            "error_user_msg":"User has not yet authorized your application. Continue polling."}}
            """#,
            is: .pending,
            from: "https://developers.facebook.com/docs/facebook-login/for-devices"
        ),
        ReplyCase(
            "github-poll-denied", .poll, 200, type: "application/x-www-form-urlencoded; charset=utf-8",
            #"error=access_denied"#,
            is: .denied,
            from: "cli/oauth: device/device_flow_test.go"
        ),
        ReplyCase(
            "github-poll-incorrect-client", .poll, 200,
            #"""
            {
              "error": "incorrect_client_credentials",
              "error_description": "The client_id and/or client_secret passed are incorrect.",
              "error_uri": "/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/\#
            #incorrect-client-credentials"
            }
            """#,
            is: .failed("incorrect_client_credentials"),
            from: "github/docs: troubleshooting OAuth app access token request errors"
        ),
        ReplyCase(
            "github-poll-token-expired", .poll, 200,
            #"{"error":"token_expired"}"#,
            is: .expired,
            from: "github/docs: content/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps.md"
        ),
        ReplyCase(
            "github-poll-unverified-email", .poll, 200,
            #"""
            {
              "error": "unverified_user_email",
              "error_description": "The user must have a verified primary email.",
              "error_uri": "/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors/\#
            #unverified_user_email"
            }
            """#,
            is: .failed("unverified_user_email"),
            from: "github/docs: troubleshooting OAuth app access token request errors"
        ),
        ReplyCase(
            "gitlab-poll-expired-token", .poll, 400,
            #"""
            {
                 "error": "expired_token",
                 "error_description": "..."
               }
            """#,
            is: .expired,
            from: "gitlabhq/gitlabhq: doc/api/oauth2.md"
        ),
        ReplyCase(
            "gitlab-poll-slow-down", .poll, 400,
            #"""
            {
                 "error": "slow_down",
                 "error_description": "..."
               }
            """#,
            is: .slowDown(nil),
            from: "gitlabhq/gitlabhq: doc/api/oauth2.md"
        ),
        ReplyCase(
            "glewlwyd-poll-dpop-nonce", .poll, 400,
            #"""
            {"error":"use_dpop_nonce","error_description":"Authorization server requires nonce in DPoP \#
            proof"}
            """#,
            is: .failed("use_dpop_nonce"),
            from: "babelouest/glewlwyd: src/plugin/protocol_oidc.c"
        ),
        ReplyCase(
            "glewlwyd-poll-unauthorized-403", .poll, 403,
            #"{"error":"unauthorized_client"}"#,
            is: .failed("unauthorized_client"),
            from: "babelouest/glewlwyd: src/plugin/protocol_oauth2.c"
        ),
        ReplyCase(
            "google-poll-admin-policy", .poll, 400,
            #"{"error": "admin_policy_enforced"}"#,
            is: .failed("admin_policy_enforced"),
            from: "https://developers.google.com/youtube/v3/live/guides/auth/devices"
        ),
        ReplyCase(
            "google-poll-pending-428", .poll, 428,
            #"""
            {
              "error": "authorization_pending",
              "error_description": "Precondition Required"
            }
            """#,
            is: .pending,
            from: "https://developers.google.com/youtube/v3/live/guides/auth/devices"
        ),
        ReplyCase(
            "google-poll-slow-down-403", .poll, 403,
            #"""
            {
              "error": "slow_down",
              "error_description": "Forbidden"
            }
            """#,
            is: .slowDown(nil),
            from: "https://developers.google.com/youtube/v3/live/guides/auth/devices"
        ),
        ReplyCase(
            "hf-poll-429-nonjson", .poll, 429, type: "text/plain",
            #"not json"#,
            is: .transient,
            from: "huggingface/huggingface_hub: tests/test_auth.py (json() raises 'not json')"
        ),
        ReplyCase(
            "hf-poll-502", .poll, 502,
            #"{}"#,
            is: .transient,
            from: "huggingface/huggingface_hub: tests/test_auth.py (network blips test)"
        ),
        ReplyCase(
            "hydra-poll-pending", .poll, 400, type: "application/json;charset=UTF-8",
            #"""
            {"error":"authorization_pending","error_description":"The authorization request is still \#
            pending as the end user hasn't yet completed the user-interaction steps."}
            """#,
            is: .pending,
            from: "ory/hydra: fosite/errors.go"
        ),
        ReplyCase(
            "oa4mp-poll-slow-down", .poll, 400,
            #"{"error":"slow_down","error_description":"slow down"}"#,
            is: .slowDown(nil),
            from: "ncsa/oa4mp: proxy/src/main/java/org/oa4mp/server/proxy/OA2ATServlet.java"
        ),
        ReplyCase(
            "okta-poll-slow-down", .poll, 400,
            #"""
            {"error": "slow_down","error_description": "The device authorization is pending. Please try \#
            again later."}
            """#,
            is: .slowDown(nil),
            from: "okta/okta-mobile-kotlin: oauth2, DeviceAuthorizationFlow tests"
        ),
        ReplyCase(
            "trakt-poll-429", .poll, 429, type: nil,
            "",
            is: .slowDown(nil),
            from: "moogar0880/PyTrakt: trakt/core.py, device_auth"
        ),
        ReplyCase(
            "twitch-poll-pending", .poll, 400,
            #"{"status":400,"message":"authorization_pending"}"#,
            is: .pending,
            from: "twitch-rs/twitch_oauth2: src/id.rs"
        ),
        ReplyCase(
            "twitch-poll-slow-down", .poll, 400,
            #"{"status":400,"message":"slow_down"}"#,
            is: .slowDown(nil),
            from: "twitch-rs/twitch_oauth2: src/tokens/errors.rs"
        ),
    ]
}
