internal import AgentAPI
internal import Configuration
internal import OAuth

/// The place that decides where a login's secrets may be sent: for a refresh, an introspection, a revocation at once or queued.
///
/// Metadata may change between login and refresh: the provider moved, or an attacker controls it. A login's secrets go
/// only to the hosts known at the login and to the issuer's host; paths may change.
struct SecretDestination {
    /// What a secret is sent for.
    enum Purpose: Sendable {
        case tokens
        case revocation
        /// The end of a sign-in session, which may need an access token first.
        case session
        case introspection
        /// A login by CIBA, which has an endpoint of its own.
        case backchannel
    }

    /// The hosts known at the login; `nil` if the login is bound to none.
    var hosts: Set<String>?
    /// The endpoints configured by hand. They are trusted.
    var configured: ProviderEndpoints.Known
    /// The preset's endpoints, used where the metadata has none.
    var preset: ProviderEndpoints.Known

    /// Returns the endpoints, or refuses them if the one for `purpose` is on a host that the login does not know.
    func endpoints(
        for purpose: Purpose, _ metadata: ServerMetadata?, from cache: MetadataCache, showsCertificate: Bool
    ) throws(OAuthFailure) -> ProviderEndpoints {
        let endpoints = try ProviderEndpoints(
            metadata: metadata, device: configured.device, token: configured.token, revocation: configured.revocation,
            registration: configured.registration, authorization: configured.authorization, known: preset,
            showsCertificate: showsCertificate
        )
        let token = configured.token == nil ? endpoints.token : nil
        let revocation = configured.revocation == nil ? endpoints.revocation : nil
        let unproven: [EndpointURL?] =
            switch purpose {
            case .tokens: [token]
            case .revocation: [revocation]
            case .session: [revocation, token]
            case .introspection: [endpoints.introspection]
            case .backchannel: [token, endpoints.backchannel]
            }
        guard let metadata, let hosts,
            let foreign = unproven.compactMap(\.self).first(where: { !hosts.contains($0.host) })
        else { return endpoints }
        // Forget the metadata now: otherwise a corrected one is not seen for up to an hour.
        cache.forget(metadata.issuer)
        throw .foreignHost(foreign.host)
    }
}

extension SecretDestination {
    /// Returns the service of AWS that gets a token of the login for credentials of the role: as the account's file or
    /// preset names it. Metadata cannot name it, and so cannot direct a token elsewhere.
    static func service(for role: AWSRole, _ settings: AccountSettings) -> EndpointURL? {
        role.needsIDToken ? settings.aws.sts : settings.aws.portal
    }

    init(_ settings: AccountSettings, hosts: Set<String>?) {
        self.init(
            hosts: hosts,
            configured: ProviderEndpoints.Known(
                device: settings.deviceEndpoint, token: settings.tokenEndpoint,
                revocation: settings.revocationEndpoint, registration: settings.registrationEndpoint,
                authorization: settings.authorizationEndpoint
            ),
            preset: settings.presetEndpoints
        )
    }
}

extension AccountSettings {
    /// Returns the hosts that a login at these endpoints is bound to; `nil` if the endpoints are configured by hand and
    /// metadata was not requested.
    func hosts(of endpoints: ProviderEndpoints) -> Set<String>? {
        guard !hasLoginEndpoints else { return nil }
        var hosts: Set<String> = [endpoints.token.host]
        let backchannel = keys.grant == .ciba || renewsByCiba ? endpoints.backchannel : nil
        for endpoint in [endpoints.revocation, endpoints.introspection, backchannel] {
            if let endpoint { hosts.insert(endpoint.host) }
        }
        if let issuer { hosts.insert(issuer.host) }
        return hosts
    }
}
