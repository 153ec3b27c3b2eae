internal import OAuth

extension ProviderPreset {
    /// Descope for a whole project and for one application, whose endpoints have other paths (docs.descope.com: OIDC
    /// endpoints, OIDC device endpoint).
    static let descope: [ProviderPreset] = [
        preset(
            name: "descope", title: "Descope (project)", application: "the project's id",
            device: "https://{host}/oauth2/v1/{application}/device", root: "https://{host}",
            notes: "The client id is the project's id.", unverified: []),
        preset(
            name: "descope-app", title: "Descope (one application)", application: "the application's id",
            device: "https://{host}/{application}/oauth2/v1/device", root: "https://{host}/{application}",
            notes: "The client id is the application's.",
            unverified: ["issuer", "metadata", "revocation_endpoint", "authorization_endpoint"]),
    ]

    private static func preset(
        name: String, title: String, application: String, device: String, root: String, notes: String,
        unverified: [String]
    ) -> ProviderPreset {
        ProviderPreset(
            name: name, title: title,
            parameters: [
                Parameter(
                    "host", "the server's host name, or a custom domain", standard: "api.descope.com", kind: .host),
                Parameter("application", application),
            ],
            issuer: "https://{host}/{application}", deviceEndpoint: device,
            tokenEndpoint: root + "/oauth2/v1/token", revocationEndpoint: root + "/oauth2/v1/revoke",
            authorizationEndpoint: root + "/oauth2/v1/authorize", scopes: ["openid"],
            dialect: dialect(encoding: .formOrJSON), registration: "https://app.descope.com, Applications",
            notes: notes + " A confidential client has an access key as its secret. It is also not confirmed whether"
                + " refresh tokens rotate, and which status a pending poll gets.",
            unverified: unverified + ["scopes", "offline_scope", "request_encoding", "registration"]
        )
    }
}
