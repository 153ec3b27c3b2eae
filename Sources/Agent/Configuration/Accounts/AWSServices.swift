public import OAuth

/// The services of AWS that give credentials of roles for a login's tokens; `nil` if the account names none.
public struct AWSServices: Equatable, Sendable {
    /// The access portal of IAM Identity Center, which gets access tokens.
    public let portal: EndpointURL?
    /// STS, which gets ID tokens.
    public let sts: EndpointURL?

    /// `preset` is the provider whose own addresses may be used: none beside an issuer of the file, which is another
    /// server of the same kind.
    init(_ keys: AccountKeys, preset: ProviderChoice?) throws(AccountSettings.Invalid) {
        if let given = keys.ssoPortal {
            portal = given
        } else {
            portal = try Self.endpoint(preset, preset?.preset.ssoPortal)
        }
        if let given = keys.sts { sts = given } else { sts = try Self.endpoint(preset, preset?.preset.sts) }
        for (key, url) in [("sso_portal_url", keys.ssoPortal), ("sts_url", keys.sts)] {
            guard let url, url.hasQuery else { continue }
            throw AccountSettings.Invalid(
                key: key, problem: "the URL has a query", hint: "give the service's URL, as https://HOST/")
        }
    }

    private static func endpoint(
        _ provider: ProviderChoice?, _ template: String?
    ) throws(AccountSettings.Invalid) -> EndpointURL? {
        guard let provider, let template else { return nil }
        do throws(URLRejection) { return try EndpointURL(parsing: provider.fill(template)) } catch {
            throw AccountSettings.Invalid(
                key: "provider", problem: "an endpoint is not usable: \(error)", hint: "check the parameters")
        }
    }
}
