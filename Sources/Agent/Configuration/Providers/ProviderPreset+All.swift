internal import OAuth

extension ProviderPreset {
    /// Every preset, sorted by name.
    public static let all: [ProviderPreset] = (large + selfHosted + research + federations).sorted { $0.name < $1.name }

    private static let oidc = ["openid", "profile", "email"]

    /// Providers with one address for all customers.
    private static let large: [ProviderPreset] = [
        ProviderPreset(
            name: "google", title: "Google", issuer: "https://accounts.google.com",
            deviceEndpoint: "https://oauth2.googleapis.com/device/code",
            tokenEndpoint: "https://oauth2.googleapis.com/token",
            revocationEndpoint: "https://oauth2.googleapis.com/revoke",
            authorizationEndpoint: "https://accounts.google.com/o/oauth2/v2/auth", scopes: oidc,
            clientSecret: .required,
            clientAuthentication: .clientSecretPost,
            registration: "https://console.cloud.google.com/apis/credentials",
            notes: "The client's type must be 'TVs and Limited Input devices', which allows few scopes: openid, email, "
                + "profile, drive.file, drive.appdata, youtube. A refresh token is always issued. For --code it must be "
                + "'Desktop app', which allows every scope. A service account takes --grant jwt_bearer, --client-key-file "
                + "with its JSON key and the scopes, and no client id.",
            unverified: ["registration"]
        ),
        ProviderPreset(
            name: "github", title: "GitHub (app or OAuth app)", parameters: [.host("github.com")],
            issuer: "https://{host}", hasMetadata: false, deviceEndpoint: "https://{host}/login/device/code",
            tokenEndpoint: "https://{host}/login/oauth/access_token",
            authorizationEndpoint: "https://{host}/login/oauth/authorize", clientSecret: .none,
            registration: "https://{host}/settings/developers",
            notes:
                "Enable the device flow in the app's settings. Tokens of an OAuth app do not expire and come without "
                + "a refresh token; those of a GitHub App live 8 h, and its scopes are its permissions. There is no "
                + "revocation endpoint. --host is for GitHub Enterprise Server.",
            unverified: ["registration"]
        ),
        ProviderPreset(
            name: "entra", title: "Microsoft Entra ID",
            parameters: [
                Parameter("tenant", "a tenant's id or domain, or common, organizations, consumers", standard: "common")
            ],
            issuer: "https://login.microsoftonline.com/{tenant}/v2.0",
            deviceEndpoint: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/devicecode",
            tokenEndpoint: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
            authorizationEndpoint: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
            scopes: oidc + ["offline_access"], offlineScope: "offline_access", clientSecret: .none,
            registration: "https://entra.microsoft.com, App registrations",
            notes: "'Allow public client flows' must be on. A scope is required. There is no revocation endpoint. A "
                + "federated credential takes --grant client_credentials, --client-assertion-file and the API's scope "
                + "that ends in /.default, at the application's own tenant.",
            unverified: ["registration"]
        ),
        ProviderPreset(
            name: "gitlab", title: "GitLab", parameters: [.host("gitlab.com")], issuer: "https://{host}",
            deviceEndpoint: "https://{host}/oauth/authorize_device", tokenEndpoint: "https://{host}/oauth/token",
            revocationEndpoint: "https://{host}/oauth/revoke", authorizationEndpoint: "https://{host}/oauth/authorize",
            clientSecret: .none, refreshEndsTokens: true,
            registration: "https://{host}/-/user_settings/applications",
            notes: "GitLab 17.3 or later; --host is for self-managed sites. A refresh ends the old refresh token and "
                + "all earlier access tokens at once: programs that want different scopes end each other's tokens.",
            unverified: ["metadata", "registration"]
        ),
        ProviderPreset(
            name: "aws", title: "AWS IAM Identity Center",
            parameters: [
                Parameter("region", "the region of the Identity Center, such as eu-west-1", kind: .region),
                Parameter(
                    "start_url", "the access portal's URL, such as https://d-1234567890.awsapps.com/start",
                    kind: .httpsURL
                ),
            ],
            issuer: "https://oidc.{region}.amazonaws.com", hasMetadata: false,
            deviceEndpoint: "https://oidc.{region}.amazonaws.com/device_authorization",
            tokenEndpoint: "https://oidc.{region}.amazonaws.com/token",
            revocationEndpoint: "https://portal.sso.{region}.amazonaws.com/logout",
            registrationEndpoint: "https://oidc.{region}.amazonaws.com/client/register",
            ssoPortal: "https://portal.sso.{region}.amazonaws.com", sts: "https://sts.{region}.amazonaws.com/",
            authorizationEndpoint: "https://oidc.{region}.amazonaws.com/authorize", scopes: ["sso:account:access"],
            offlineScope: "sso:account:access", clientSecret: .none,
            dialect: dialect(parameters: ["startUrl": "{start_url}"], encoding: .awsJSON),
            registration: "none is needed: the agent registers a client",
            notes: "A registered client expires after 90 days, and the login with it. Tokens cannot be revoked: a "
                + "logout ends the sign-in session, and whether the refresh token dies with it is not documented. "
                + "Regions of other domains than amazonaws.com need --issuer and the endpoints.",
            unverified: ["revocation_endpoint"]
        ),
        ProviderPreset(
            name: "auth0", title: "Auth0",
            parameters: [Parameter("tenant", "the part of the domain before .auth0.com, region included")],
            issuer: "https://{tenant}.auth0.com/", deviceEndpoint: "https://{tenant}.auth0.com/oauth/device/code",
            tokenEndpoint: "https://{tenant}.auth0.com/oauth/token",
            revocationEndpoint: "https://{tenant}.auth0.com/oauth/revoke",
            authorizationEndpoint: "https://{tenant}.auth0.com/authorize", scopes: oidc + ["offline_access"],
            offlineScope: "offline_access", clientSecret: .none, registration: "https://manage.auth0.com, Applications",
            notes: "The API needs 'Allow Offline Access', and an audience selects it: give --audience.",
            unverified: ["registration"]
        ),
        ProviderPreset(
            name: "huggingface", title: "Hugging Face", issuer: "https://huggingface.co", hasMetadata: false,
            deviceEndpoint: "https://huggingface.co/oauth/device",
            tokenEndpoint: "https://huggingface.co/oauth/token",
            authorizationEndpoint: "https://huggingface.co/oauth/authorize", scopes: ["openid", "profile"],
            clientSecret: .none,
            registration: "https://huggingface.co/settings/applications/new", notes: "Tokens live for 30 days.",
            unverified: ["issuer", "scopes", "registration"]
        ),
        ProviderPreset(
            name: "salesforce", title: "Salesforce", parameters: [.host("login.salesforce.com")],
            issuer: "https://{host}", hasMetadata: false,
            deviceEndpoint: "https://{host}/services/oauth2/token",
            tokenEndpoint: "https://{host}/services/oauth2/token",
            authorizationEndpoint: "https://{host}/services/oauth2/authorize", scopes: ["refresh_token"],
            offlineScope: "refresh_token", clientSecret: .perClient,
            dialect: dialect(
                grantType: "device", codeParameter: "code", parameters: ["response_type": "device_code"],
                // Its JWT bearer flow takes the login server's address and no endpoint.
                assertionAudience: .issuer),
            registration: "Setup, App Manager, New Connected App",
            notes: "Salesforce has announced the removal of the device flow for January 2026. Without a person: "
                + "--grant jwt_bearer with --client-key-file and --assertion-subject, see authagent-federation(7).",
            unverified: ["client_secret", "registration", "assertion_audience"]
        ),
        ProviderPreset(
            name: "bmw", title: "BMW CarData", issuer: "https://customer.bmwgroup.com", hasMetadata: false,
            deviceEndpoint: "https://customer.bmwgroup.com/gcdm/oauth/device/code",
            tokenEndpoint: "https://customer.bmwgroup.com/gcdm/oauth/token",
            scopes: ["authenticate_user", "openid", "cardata:api:read", "cardata:streaming:read"],
            clientSecret: .none, dialect: dialect(parameters: ["response_type": "device_code"], proofKey: .always),
            registration: "https://customer.bmwgroup.com, CarData",
            notes: "The ID token is the password for the stream of data. There is no revocation endpoint.",
            unverified: ["issuer", "registration"]
        ),
        ProviderPreset(
            name: "twitch", title: "Twitch", issuer: "https://id.twitch.tv/oauth2", hasMetadata: false,
            deviceEndpoint: "https://id.twitch.tv/oauth2/device", tokenEndpoint: "https://id.twitch.tv/oauth2/token",
            revocationEndpoint: "https://id.twitch.tv/oauth2/revoke",
            authorizationEndpoint: "https://id.twitch.tv/oauth2/authorize", clientSecret: .none,
            dialect: dialect(scopeParameter: "scopes"), registration: "https://dev.twitch.tv/console/apps",
            notes: "Refresh tokens of public clients are for one use and die after 30 days without one.",
            unverified: ["registration"]
        ),
    ]

    static func dialect(
        scopeParameter: String = "scope", grantType: String? = nil, codeParameter: String? = nil,
        parameters: [String: String] = [:], encoding: RequestEncoding = .form,
        proofKey: ProofKey.Use = .whenAsked, assertionAudience: AssertionAudience = .tokenEndpoint
    ) -> RequestDialect {
        var dialect = RequestDialect()
        dialect.scopeParameter = scopeParameter
        if let grantType { dialect.deviceGrantType = grantType }
        if let codeParameter { dialect.deviceCodeParameter = codeParameter }
        dialect.deviceParameters = parameters
        dialect.encoding = encoding
        dialect.proofKey = proofKey
        dialect.assertionAudience = assertionAudience
        return dialect
    }
}
