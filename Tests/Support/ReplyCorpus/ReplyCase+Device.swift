extension ReplyCase {
    /// Replies to a device authorization request.
    static let deviceReplies: [ReplyCase] = [
        ReplyCase(
            "authentik-device-invalid-client", .device, 400,
            #"{"error":"invalid_client"}"#,
            is: .failed("invalid_client"),
            from: "goauthentik/authentik: authentik/providers/oauth2/views/device_backchannel.py"
        ),
        ReplyCase(
            "aws-device-no-interval", .device, 200,
            #"""
            {"expiresIn": 600, "userCode": "foo", "deviceCode": "foo-device-code",\#
             "verificationUri": "https://sso.fake/device",\#
             "verificationUriComplete": "https://sso.fake/device?user_code=foo"}
            """#,
            is: .device(
                "foo-device-code", "foo", "https://sso.fake/device", complete: "https://sso.fake/device?user_code=foo",
                expiresIn: 600),
            from: "aws/aws-cli@v2: tests/unit/botocore/test_utils.py (SSOTokenFetcher tests)"
        ),
        ReplyCase(
            "doorkeeper-device-minimal", .device, 200, type: "application/json; charset=utf-8",
            #"""
            {"device_code":"DC","user_code":"0A44L90H",\#
            "verification_uri":"https://rails.example.com/oauth/device","expires_in":300}
            """#,
            is: .device("DC", "0A44L90H", "https://rails.example.com/oauth/device", expiresIn: 300),
            from: "exop-group/doorkeeper-device_authorization_grant: device_authorization_response.rb"
        ),
        ReplyCase(
            "github-device-unauthorized-client", .device, 400, type: "application/x-www-form-urlencoded; charset=utf-8",
            #"error=unauthorized_client"#,
            is: .failed("unauthorized_client"),
            from: "cli/oauth: device/device_flow_test.go"
        ),
        ReplyCase(
            "github-device-xml", .device, 200, type: "application/xml",
            #"""
            <OAuth>
              <device_code>3584d83530557fdd1f46af8289938c8ef79f9dc5</device_code>
              <user_code>WDJB-MJHT</user_code>
              <verification_uri>https://github.com/login/device</verification_uri>
              <expires_in>900</expires_in>
              <interval>5</interval>
            </OAuth>
            """#,
            is: .badResponse,
            from: "github/docs: content/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps.md"
        ),
        ReplyCase(
            "google-device-verification-url", .device, 200,
            #"""
            {
              "device_code": "AH-1Ng2mZpLr7eXq3VfTbUdWk9sJcYhRn4oPaGiEl8uBx0MwD",
              "user_code": "GQVQ-JKEC",
              "expires_in": 1800,
              "interval": 5,
              "verification_url": "https://www.google.com/device"
            }
            """#,
            is: .device(
                "AH-1Ng2mZpLr7eXq3VfTbUdWk9sJcYhRn4oPaGiEl8uBx0MwD", "GQVQ-JKEC", "https://www.google.com/device",
                expiresIn: 1800),
            from: "https://developers.google.com/youtube/v3/live/guides/auth/devices"
        ),
        ReplyCase(
            "google-device-verification-url-complete", .device, 200,
            #"""
            {"device_code": "SENTINEL_DEVICE_CODE", "user_code": "WXYZ-ABCD",\#
             "verification_url": "https://www.google.com/device",\#
             "verification_url_complete": "https://www.google.com/device?user_code=WXYZ-ABCD",\#
             "expires_in": 1800, "interval": 5}
            """#,
            is: .device(
                "SENTINEL_DEVICE_CODE", "WXYZ-ABCD", "https://www.google.com/device",
                complete: "https://www.google.com/device?user_code=WXYZ-ABCD", expiresIn: 1800),
            from: "indigo-dc/oidc-agent: src/defines/oidc_values.h (GOOGLE_KEY_VERIFICATIONURI_COMPLETE)"
        ),
        ReplyCase(
            "hydra-device-huge-expiry", .device, 200, type: "application/json;charset=UTF-8",
            #"""
            {"device_code":"BBBB","user_code":"AAAA","verification_uri":"http://ory.sh",\#
            "verification_uri_complete":"http://ory.sh?user_code=AAAA","expires_in":60000000000,\#
            "interval":60}
            """#,
            is: .device(
                "BBBB", "AAAA", "http://ory.sh", complete: "http://ory.sh?user_code=AAAA", expiresIn: 86_400,
                interval: 60),
            from: "ory/hydra: fosite/device_write_test.go (nanoseconds written as seconds)"
        ),
        ReplyCase(
            "node-oidc-device-no-interval", .device, 200, type: "application/json; charset=utf-8",
            #"""
            {"device_code":"Lh3xFakeDeviceCode","user_code":"BCDF-GHJK",\#
            "verification_uri":"https://op.example.com/device",\#
            "verification_uri_complete":"https://op.example.com/device?user_code=BCDF-GHJK",\#
            "expires_in":600}
            """#,
            is: .device(
                "Lh3xFakeDeviceCode", "BCDF-GHJK", "https://op.example.com/device",
                complete: "https://op.example.com/device?user_code=BCDF-GHJK", expiresIn: 600),
            from: "panva/node-oidc-provider: lib/actions/authorization/device_authorization_response.js"
        ),
        ReplyCase(
            "openam-device-verification-url", .device, 200,
            #"""
            {
                "interval": 5,
                "device_code": "7a95a0a4-6f13-42e3-ac3e-d3d159c94c55",
                "verification_url": "http://openam.example.com:8080/openam/oauth2/device/user",
                "user_code": "VAL12e0v",
                "expires_in": 300
            }
            """#,
            is: .device(
                "7a95a0a4-6f13-42e3-ac3e-d3d159c94c55", "VAL12e0v",
                "http://openam.example.com:8080/openam/oauth2/device/user", expiresIn: 300),
            from: "OpenIdentityPlatform/OpenAM: openam-documentation/…/dev-guide/chap-client-dev.adoc"
        ),
        ReplyCase(
            "salesforce-device", .device, 200,
            #"""
            {
              "device_code": "9e0c1e14...",
              "user_code": "ABC-DEF-GHI",
              "verification_uri": "https://login.salesforce.com/setup/connect",
              "interval": 5
            }
            """#,
            is: .device("9e0c1e14...", "ABC-DEF-GHI", "https://login.salesforce.com/setup/connect", expiresIn: 600),
            from: "forcedotcom/sfdx-core: src/deviceOauthService.ts (DeviceCodeResponse has no expires_in)"
        ),
        ReplyCase(
            "twitch-device", .device, 200,
            #"""
            {"device_code":"device-code","expires_in":1800,"interval":5,"user_code":"ABCDEFGH",\#
            "verification_uri":"https://www.twitch.tv/activate?public=true&device-code=ABCDEFGH"}
            """#,
            is: .device(
                "device-code", "ABCDEFGH", "https://www.twitch.tv/activate?public=true&device-code=ABCDEFGH",
                expiresIn: 1800),
            from: "twitch-rs/twitch_oauth2: src/id.rs"
        ),
    ]
}
