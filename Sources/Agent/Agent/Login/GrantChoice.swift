internal import AgentAPI
internal import Configuration
internal import OAuth

/// The choice of the grant for a login.
enum GrantChoice {
    /// The account's grant; else device where a device endpoint is known, else code.
    static func grant(
        _ settings: AccountSettings, _ endpoints: ProviderEndpoints
    ) throws(OAuthFailure) -> GrantKind {
        if let grant = settings.keys.grant {
            switch grant {
            case .device: _ = try endpoints.requiredDevice()
            case .code: _ = try endpoints.requiredAuthorization()
            case .ciba: _ = try endpoints.requiredBackchannel()
            }
            return grant
        }
        if endpoints.device != nil { return .device }
        if endpoints.authorization != nil { return .code }
        // The error names what the provider lacks.
        _ = try endpoints.requiredDevice()
        return .device
    }
}
