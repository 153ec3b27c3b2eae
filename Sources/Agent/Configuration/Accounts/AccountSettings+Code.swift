internal import AgentAPI
internal import Formats
public import OAuth

/// Logins by authorization code.
extension AccountSettings {
    public var authorizationEndpoint: EndpointURL? { keys.authorizationEndpoint }
    public var loginHint: String? { keys.loginHint }
    /// The redirect URI that is registered for the client: the file's, else the preset's; `nil` if neither names one.
    public var redirectURI: RedirectURI? {
        keys.redirectURI ?? preset?.codeFlow.flatMap { try? RedirectURI(parsing: $0.redirectURI) }
    }

    /// The file's parameters, and those of the preset that it does not replace.
    public var authorizationParameters: AuthorizationParameters {
        // Checked in `init`.
        (try? AuthorizationParameters(Self.authorizationParameters(keys, preset))) ?? .none
    }

    /// The start URL that AWS registers a client for; `nil` at other providers.
    public var registrationIssuerURL: String? { dialect.deviceParameters["startUrl"] }

    /// Whether the file has the endpoints of a login, so that nothing must be read from the provider's metadata.
    public var hasLoginEndpoints: Bool {
        guard tokenEndpoint != nil else { return false }
        if keys.machineGrant != nil { return true }
        return switch keys.grant {
        case .device: deviceEndpoint != nil
        case .code: authorizationEndpoint != nil
        case .ciba: false
        // With an issuer, its metadata decides whether there is a device endpoint.
        case nil: deviceEndpoint != nil || (issuer == nil && authorizationEndpoint != nil)
        }
    }

    /// The preset, unless the file names another issuer than its.
    private var preset: ProviderPreset? { keys.issuer == nil ? keys.provider?.preset : nil }

    private static func authorizationParameters(
        _ keys: AccountKeys, _ preset: ProviderPreset?
    ) -> [String: String] {
        (preset?.codeFlow?.parameters ?? [:]).merging(keys.authorizationParameters ?? [:]) { $1 }
    }

    static func checkCode(_ keys: AccountKeys) throws(Invalid) {
        do throws(AuthorizationParameters.Refusal) {
            _ = try AuthorizationParameters(keys.authorizationParameters ?? [:])
        } catch {
            throw Invalid(key: "authorization_parameters", problem: error.description, hint: error.hint)
        }
        if keys.grant == .code, keys.pkce == false {
            throw Invalid(
                key: "pkce", problem: "a login by authorization code always uses PKCE (RFC 9700 §2.1.1)",
                hint: "leave out 'pkce = false', or set grant to another grant")
        }
        // Some providers take JSON here.
        if let hint = keys.loginHint,
            !(1...512).contains(hint.utf8.count) || DisplayText.clean(hint, limit: 512) != hint
        {
            throw Invalid(
                key: "login_hint", problem: "the login hint is not 1 to 512 bytes of printable text",
                hint: "give the user as the provider knows it, such as an email address")
        }
        if let flow = keys.deviceParameters?["response_type"].flatMap(RefusedFlow.init(responseType:)) {
            throw Invalid(key: "device_parameters", problem: flow.reason, hint: flow.instead)
        }
    }
}
