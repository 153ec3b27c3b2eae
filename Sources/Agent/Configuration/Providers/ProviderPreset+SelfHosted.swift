internal import OAuth

extension ProviderPreset {
    private static let offline = "offline_access"
    private static let oidc = ["openid", "profile", "email"]
    private static let console = "the server's administration console"

    /// Self-hosted servers, and services with an address for each customer.
    static let selfHosted: [ProviderPreset] =
        [
            ProviderPreset(
                name: "okta", title: "Okta",
                parameters: [
                    .host, Parameter("application", "the id of a custom authorization server", standard: "default"),
                ],
                issuer: "https://{host}/oauth2/{application}",
                deviceEndpoint: "https://{host}/oauth2/{application}/v1/device/authorize",
                tokenEndpoint: "https://{host}/oauth2/{application}/v1/token",
                revocationEndpoint: "https://{host}/oauth2/{application}/v1/revoke",
                authorizationEndpoint: "https://{host}/oauth2/{application}/v1/authorize", scopes: oidc + [offline],
                offlineScope: offline, clientSecret: .none, registration: "https://{host}/admin/apps/active",
                notes: "For the org's own server instead of a custom one give --issuer https://HOST.",
                unverified: ["registration"]
            ),
            ProviderPreset(
                name: "keycloak", title: "Keycloak",
                parameters: [.host, Parameter("realm", "the realm's name")], issuer: "https://{host}/realms/{realm}",
                deviceEndpoint: "https://{host}/realms/{realm}/protocol/openid-connect/auth/device",
                tokenEndpoint: "https://{host}/realms/{realm}/protocol/openid-connect/token",
                revocationEndpoint: "https://{host}/realms/{realm}/protocol/openid-connect/revoke",
                authorizationEndpoint: "https://{host}/realms/{realm}/protocol/openid-connect/auth",
                scopes: oidc + [offline], offlineScope: offline, registration: "https://{host}/admin/, Clients",
                notes: "'OAuth 2.0 Device Authorization Grant' is off by default for each client.",
                unverified: ["metadata", "registration"]
            ),
            ProviderPreset(
                name: "hydra", title: "Ory Hydra", parameters: [.host], issuer: "https://{host}",
                deviceEndpoint: "https://{host}/oauth2/device/auth", tokenEndpoint: "https://{host}/oauth2/token",
                revocationEndpoint: "https://{host}/oauth2/revoke", authorizationEndpoint: "https://{host}/oauth2/auth",
                scopes: ["openid", offline], offlineScope: offline,
                registration: "hydra create oauth2-client", notes: "Refresh tokens rotate.",
                unverified: ["registration"]
            ),
            ProviderPreset(
                name: "authentik", title: "authentik",
                parameters: [.host, Parameter("application", "the application's slug")],
                issuer: "https://{host}/application/o/{application}/",
                deviceEndpoint: "https://{host}/application/o/device/",
                tokenEndpoint: "https://{host}/application/o/token/",
                revocationEndpoint: "https://{host}/application/o/revoke/",
                authorizationEndpoint: "https://{host}/application/o/authorize/", scopes: oidc + [offline],
                offlineScope: offline, clientSecret: .none, registration: "https://{host}/if/admin/, Applications",
                notes: "The brand needs a device code flow. An address gets 20 codes an hour.",
                unverified: ["offline_scope", "registration"]
            ),
            ProviderPreset(
                name: "zitadel", title: "ZITADEL", parameters: [.host], issuer: "https://{host}",
                deviceEndpoint: "https://{host}/oauth/v2/device_authorization",
                tokenEndpoint: "https://{host}/oauth/v2/token",
                revocationEndpoint: "https://{host}/oauth/v2/revoke",
                authorizationEndpoint: "https://{host}/oauth/v2/authorize", scopes: oidc + [offline],
                offlineScope: offline,
                // Its documentation: the audience must include the issuing domain.
                dialect: dialect(assertionAudience: .issuer),
                registration: console, notes: "The host is INSTANCE.zitadel.cloud, or your own.",
                unverified: ["metadata", "device_endpoint", "token_endpoint", "revocation_endpoint", "offline_scope"]
            ),
            ProviderPreset(
                name: "kanidm", title: "Kanidm",
                parameters: [.host, Parameter("application", "the client's name")],
                issuer: "https://{host}/oauth2/openid/{application}", deviceEndpoint: "https://{host}/oauth2/device",
                tokenEndpoint: "https://{host}/oauth2/token", revocationEndpoint: "https://{host}/oauth2/token/revoke",
                authorizationEndpoint: "https://{host}/ui/oauth2", scopes: oidc, clientSecret: .none,
                registration: "kanidm system oauth2 create-public",
                notes:
                    "Its device flow was unfinished at the time of writing: the device endpoint answers invalid_grant.",
                unverified: ["metadata", "registration"]
            ),
            ProviderPreset(
                name: "dex", title: "Dex", parameters: [.host], issuer: "https://{host}/dex",
                deviceEndpoint: "https://{host}/dex/device/code", tokenEndpoint: "https://{host}/dex/token",
                authorizationEndpoint: "https://{host}/dex/auth", scopes: oidc + [offline], offlineScope: offline,
                registration: "staticClients in Dex's configuration",
                notes: "There is no revocation endpoint. Behind another path give --issuer URL.",
                unverified: ["registration"]
            ),
            ProviderPreset(
                name: "glewlwyd", title: "Glewlwyd",
                parameters: [.host, Parameter("application", "the OpenID Connect plugin's name", standard: "oidc")],
                issuer: "https://{host}/api/{application}",
                deviceEndpoint: "https://{host}/api/{application}/device_authorization",
                tokenEndpoint: "https://{host}/api/{application}/token",
                revocationEndpoint: "https://{host}/api/{application}/revoke",
                authorizationEndpoint: "https://{host}/api/{application}/auth", scopes: ["openid"],
                registration: console,
                notes: "A scope that needs the user's password, such as g_profile, is needed beside openid. A public "
                    + "client's revocation gets status 401.",
                unverified: ["device_endpoint", "offline_scope"]
            ),
            ProviderPreset(
                name: "duende", title: "Duende IdentityServer", parameters: [.host], issuer: "https://{host}",
                deviceEndpoint: "https://{host}/connect/deviceauthorization",
                tokenEndpoint: "https://{host}/connect/token",
                revocationEndpoint: "https://{host}/connect/revocation",
                authorizationEndpoint: "https://{host}/connect/authorize", scopes: ["openid", "profile", offline],
                offlineScope: offline, registration: "the server's client configuration",
                notes: "Codes have 9 digits and live 5 min. IdentityServer4 has the same paths.",
                unverified: ["metadata", "registration"]
            ),
            ProviderPreset(
                name: "wso2", title: "WSO2 Identity Server", parameters: [.host],
                issuer: "https://{host}/oauth2/token", hasMetadata: false,
                deviceEndpoint: "https://{host}/oauth2/device_authorize", tokenEndpoint: "https://{host}/oauth2/token",
                authorizationEndpoint: "https://{host}/oauth2/authorize", scopes: ["openid"], registration: console,
                notes:
                    "The host mostly has a port: HOST:9443. No revocation endpoint is known; give --revocation-endpoint.",
                unverified: ["issuer", "scopes", "registration"]
            ),
        ] + descope

    /// Federations of research.
    static let research: [ProviderPreset] = [
        ProviderPreset(
            name: "indigo", title: "INDIGO IAM (WLCG, CERN)", parameters: [.host], issuer: "https://{host}/",
            deviceEndpoint: "https://{host}/devicecode", tokenEndpoint: "https://{host}/token",
            revocationEndpoint: "https://{host}/revoke", authorizationEndpoint: "https://{host}/authorize",
            scopes: oidc + [offline], offlineScope: offline,
            registration: "https://{host}/, My clients",
            notes: "It repeats the device code in its errors, where it is never shown.", unverified: ["registration"]
        ),
        ProviderPreset(
            name: "egi", title: "EGI Check-in", parameters: [.host("aai.egi.eu")],
            issuer: "https://{host}/auth/realms/egi",
            deviceEndpoint: "https://{host}/auth/realms/egi/protocol/openid-connect/auth/device",
            tokenEndpoint: "https://{host}/auth/realms/egi/protocol/openid-connect/token",
            revocationEndpoint: "https://{host}/auth/realms/egi/protocol/openid-connect/revoke",
            authorizationEndpoint: "https://{host}/auth/realms/egi/protocol/openid-connect/auth",
            scopes: oidc + [offline], offlineScope: offline, registration: "https://{host}/federation",
            notes: "It runs Keycloak. The public client 'oidc-agent' works with the default scopes.",
            unverified: [
                "issuer", "metadata", "device_endpoint", "token_endpoint", "revocation_endpoint", "registration",
            ]
        ),
        ProviderPreset(
            name: "cilogon", title: "CILogon", issuer: "https://cilogon.org",
            deviceEndpoint: "https://cilogon.org/oauth2/device_authorization",
            tokenEndpoint: "https://cilogon.org/oauth2/token", authorizationEndpoint: "https://cilogon.org/authorize",
            scopes: ["openid"], offlineScope: offline,
            registration: "https://cilogon.org/oauth2/register",
            notes: "Public clients may request openid only. No revocation endpoint is known.",
            unverified: ["metadata", "registration"]
        ),
    ]
}
