extension ReplyCase {
    /// Other replies known from providers, by kind of deviation.
    static let otherReplies: [ReplyCase] = dialects + spellings + statuses

    /// Errors with other names and members than those of RFC 6749 §5.2.
    private static let dialects: [ReplyCase] = [
        ReplyCase(
            "entra-poll-declined", .poll, 400, #"{"error":"authorization_declined","error_codes":[70017]}"#,
            is: .denied, from: "MicrosoftDocs/entra-docs: v2-oauth2-device-code.md"
        ),
        ReplyCase(
            "entra-poll-bad-code", .poll, 400, #"{"error":"bad_verification_code"}"#,
            is: .failed("bad_verification_code"), from: "MicrosoftDocs/entra-docs: v2-oauth2-device-code.md"
        ),
        ReplyCase(
            "adal-poll-code-expired", .poll, 400, #"{"error":"code_expired","error_codes":[70019]}"#,
            is: .expired, from: "Azure AD v1, ADAL's device code errors"
        ),
        ReplyCase(
            "github-refresh-bad-token", .refresh, 200, type: "application/x-www-form-urlencoded; charset=utf-8",
            "error=bad_refresh_token&error_description=The+refresh+token+passed+is+incorrect+or+expired.",
            is: .relogin, from: "github/docs: refreshing user access tokens"
        ),
        ReplyCase(
            "github-poll-slow-down-interval", .poll, 200, #"{"error":"slow_down","interval":10}"#,
            is: .slowDown(10), from: "github/docs: authorizing-oauth-apps.md"
        ),
        ReplyCase(
            "github-device-disabled", .device, 400, #"{"error":"device_flow_disabled"}"#,
            is: .failed("device_flow_disabled"), from: "github/docs: authorizing-oauth-apps.md"
        ),
        ReplyCase(
            "google-device-quota", .device, 403, #"{"error_code":"rate_limit_exceeded"}"#,
            is: .transient, from: "Google, OAuth for limited-input devices, quota exceeded"
        ),
        ReplyCase(
            "twitch-refresh-invalid", .refresh, 400,
            #"{"error":"Bad Request","status":400,"message":"Invalid refresh token"}"#,
            is: .relogin, from: "https://dev.twitch.tv/docs/authentication/refresh-tokens"
        ),
        ReplyCase(
            "twitch-poll-used-code", .poll, 400, #"{"status":400,"message":"invalid device code"}"#,
            is: .failed("invalid device code"),
            from: "https://dev.twitch.tv/docs/authentication/getting-tokens-oauth, device code grant flow"
        ),
        ReplyCase(
            "facebook-poll-too-frequent", .poll, 400,
            #"{"error":{"message":"User request limit reached","code":17,"error_subcode":1349172}}"#,
            is: .slowDown(nil), from: "https://developers.facebook.com/docs/facebook-login/for-devices"
        ),
        ReplyCase(
            "vault-poll-pending", .poll, 400, #"{"errors":["authorization_pending"]}"#,
            is: .pending, from: "fermitools/htgettoken"
        ),
        ReplyCase(
            "aws-poll-pending-type", .poll, 400, #"{"__type":"com.amazonaws.ssooidc#AuthorizationPendingException"}"#,
            is: .pending, from: "boto/botocore: sso-oidc/2019-06-10/service-2.json"
        ),
        ReplyCase(
            "nest-poll-pending", .poll, 400,
            #"{"statusCode":400,"message":"authorization_pending","error":"Bad Request"}"#,
            is: .pending, from: "NestJS, the JSON of its HTTP exceptions"
        ),
        ReplyCase(
            "spring-poll-not-found", .poll, 404, #"{"timestamp":1,"status":404,"error":"Not Found","path":"/t"}"#,
            is: .transient, from: "Spring Boot's error page"
        ),
        ReplyCase(
            "indigo-poll-echo", .poll, 400,
            #"{"error":"invalid_grant","error_description":"Invalid device code: a1b2c3d4-e5f6"}"#,
            is: .failed("invalid_grant"), from: "indigo-iam/iam: repeats the device code"
        ),
        ReplyCase(
            "auth0-poll-rate-limit", .poll, 429,
            #"{"error":"too_many_requests","error_description":"Global limit has been reached"}"#,
            is: .slowDown(nil), from: "Auth0, rate limits of the Authentication API"
        ),
        ReplyCase(
            "authentik-device-throttled", .device, 429, #"{"error":"slow_down"}"#,
            is: .transient, from: "goauthentik/authentik: providers/oauth2/views/device_backchannel.py"
        ),
    ]

    /// Success replies with other names and types.
    private static let spellings: [ReplyCase] = [
        ReplyCase(
            "adal-device", .device, 200,
            #"""
            {"user_code":"FX3DQZ8GE","device_code":"DAQAB","verification_url":"https://aka.ms/devicelogin",\#
            "expires_in":"900","interval":"5","message":"To sign in, open the page."}
            """#,
            is: .device("DAQAB", "FX3DQZ8GE", "https://aka.ms/devicelogin", expiresIn: 900), from: "Azure AD v1"
        ),
        ReplyCase(
            "facebook-device", .device, 200,
            #"{"code":"92a2b2e3","user_code":"A1NWZ9","verification_uri":"https://www.facebook.com/device"}"#,
            is: .unsupported, from: "https://developers.facebook.com/docs/facebook-login/for-devices"
        ),
        ReplyCase(
            "codex-device", .device, 200,
            #"{"device_auth_id":"device-auth-123","user_code":"CODE-12345","interval":"5"}"#,
            is: .unsupported, from: "openai/codex: codex-rs/login/src/device_code_auth.rs"
        ),
        ReplyCase(
            "aws-token", .poll, 200,
            #"{"accessToken":"aoa-1","tokenType":"Bearer","expiresIn":28800,"refreshToken":"aor-1","idToken":null}"#,
            is: .token("aoa-1", refresh: "aor-1", expiresIn: 28800),
            from: "boto/botocore: sso-oidc/2019-06-10/service-2.json"
        ),
        ReplyCase(
            "github-app-token", .poll, 200, type: "application/x-www-form-urlencoded; charset=utf-8",
            "access_token=ghu_1&expires_in=28800&refresh_token=ghr_1&refresh_token_expires_in=15897600&scope="
                + "&token_type=bearer",
            is: .token("ghu_1", refresh: "ghr_1", expiresIn: 28800, scope: [], refreshExpiresIn: 15_897_600),
            from: "github/docs: refreshing user access tokens"
        ),
        ReplyCase(
            "github-token-comma-scopes", .poll, 200, type: "text/plain",
            "access_token=gho_1&scope=repo%2Cgist&token_type=bearer",
            is: .token("gho_1", scope: ["repo", "gist"]), from: "github/docs: authorizing-oauth-apps.md"
        ),
        ReplyCase(
            "twitch-token", .poll, 200,
            #"""
            {"access_token":"a1","expires_in":14820,"refresh_token":"r1","scope":["user:read","chat:read"],\#
            "token_type":"bearer"}
            """#,
            is: .token("a1", refresh: "r1", expiresIn: 14820, scope: ["user:read", "chat:read"]),
            from: "https://dev.twitch.tv/docs/authentication/getting-tokens-oauth"
        ),
        ReplyCase(
            "bitbucket-scopes", .refresh, 200,
            #"{"scopes":"account repository","access_token":"b1","expires_in":7200,"token_type":"bearer"}"#,
            is: .token("b1", expiresIn: 7200, scope: ["account", "repository"]), from: "Bitbucket Cloud, OAuth 2.0"
        ),
        ReplyCase(
            "mailchimp-zero-expiry", .poll, 200, #"{"access_token":"mailchimp","expires_in":0,"scope":null}"#,
            is: .token("mailchimp"), from: "requests/requests-oauthlib: tests/test_compliance_fixes.py"
        ),
        ReplyCase(
            "facebook-token", .poll, 200, #"{"access_token":"EAAB","expires_in":5183996}"#,
            is: .token("EAAB", expiresIn: 5_183_996),
            from: "https://developers.facebook.com/docs/facebook-login/for-devices"
        ),
        ReplyCase(
            "real-debrid-null-members", .poll, 200, #"{"client_id":null,"client_secret":null}"#,
            is: .badResponse, from: "https://api.real-debrid.com/, OAuth2 for devices"
        ),
        ReplyCase(
            "two-spellings-two-tokens", .poll, 200, #"{"access_token":"a","accessToken":"b"}"#,
            is: .badResponse, from: "no provider; two parsers would see two tokens"
        ),
        ReplyCase(
            "entra-discovery", .discovery, 200,
            #"""
            {"issuer":"https://login.microsoftonline.com/9122040d/v2.0",\#
            "token_endpoint":"https://login.microsoftonline.com/9122040d/oauth2/v2.0/token",\#
            "device_authorization_endpoint":"https://login.microsoftonline.com/9122040d/oauth2/v2.0/devicecode"}
            """#,
            is: .metadata(
                device: "https://login.microsoftonline.com/9122040d/oauth2/v2.0/devicecode",
                token: "https://login.microsoftonline.com/9122040d/oauth2/v2.0/token", revocation: nil),
            from: "Microsoft Entra, a tenant's metadata"
        ),
    ]

    /// Replies whose meaning is in the status code.
    private static let statuses: [ReplyCase] =
        [
            (400, Outcome.pending), (404, .transient), (409, .badResponse), (410, .expired), (418, .denied),
            (401, .transient), (403, .transient), (500, .transient),
        ].map { status, outcome in
            ReplyCase(
                "trakt-poll-\(status)", .poll, status, type: nil, "", is: outcome,
                from: "moogar0880/PyTrakt: trakt/core.py"
            )
        } + [
            ReplyCase(
                "glewlwyd-refresh-empty", .refresh, 400, type: nil, "",
                is: .rejected, from: "babelouest/glewlwyd: src/plugin/protocol_oidc.c"
            ),
            ReplyCase(
                "github-device-not-found", .device, 404, #"{"error":"Not Found"}"#,
                is: .unsupported, from: "cli/oauth: device/device_flow.go, servers without the device flow"
            ),
            ReplyCase(
                "gateway-refresh-forbidden", .refresh, 403, #"{"error":"Forbidden","message":"Access denied"}"#,
                is: .transient, from: "gateways that answer in JSON"
            ),
            ReplyCase(
                "gitlab-revoke", .revocation, 200, "{}", is: .revoked, from: "gitlabhq/gitlabhq: doc/api/oauth2.md"
            ),
            ReplyCase(
                "google-revoke-invalid", .revocation, 400,
                #"{"error":"invalid_token","error_description":"Token expired or revoked"}"#,
                is: .notRevoked("invalid_token: Token expired or revoked"),
                from: "Google, revoking a token"
            ),
        ]
}
