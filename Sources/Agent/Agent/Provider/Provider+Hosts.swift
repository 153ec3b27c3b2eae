internal import Configuration
internal import OAuth

/// Metadata may change between login and refresh: the provider moved, or an attacker controls it. A login's secrets go
/// only to the hosts known at the login and to the issuer's host; paths may change.
extension Provider {
    /// Returns the hosts that a login at these endpoints is bound to; `nil` if the endpoints are configured by hand and
    /// metadata was not requested.
    func hosts(of endpoints: ProviderEndpoints) -> Set<String>? {
        guard settings.deviceEndpoint == nil || settings.tokenEndpoint == nil else { return nil }
        var hosts: Set<String> = [endpoints.token.host]
        for endpoint in [endpoints.revocation, endpoints.introspection] {
            if let endpoint { hosts.insert(endpoint.host) }
        }
        if let issuer = settings.issuer { hosts.insert(issuer.host) }
        return hosts
    }

    /// Checks the endpoint that is about to receive a secret. Endpoints configured by hand are trusted.
    func require(
        _ hosts: Set<String>, of endpoints: ProviderEndpoints, needsRevocation: Bool, needsIntrospection: Bool
    ) throws(OAuthFailure) {
        let used =
            if needsIntrospection {
                endpoints.introspection
            } else if needsRevocation {
                settings.revocationEndpoint == nil ? endpoints.revocation : nil
            } else {
                settings.tokenEndpoint == nil ? endpoints.token : nil
            }
        guard let used, !hosts.contains(used.host) else { return }
        // Forget the metadata now: otherwise a corrected one is not seen for up to an hour.
        if let issuer = settings.issuer { surroundings.metadata.forget(issuer) }
        throw .foreignHost(used.host)
    }
}
