internal import Configuration
internal import OAuth

/// Metadata can change between a login and the next refresh, by a move of the provider's or because somebody else has
/// got hold of it. A login's secrets go to the hosts of its own day, and to the issuer's; paths may change.
extension Provider {
    /// The hosts that a login at these endpoints may go on with. Nil where people have named the endpoints: nobody has
    /// asked the provider for its other ones yet.
    func hosts(of endpoints: ProviderEndpoints) -> Set<String>? {
        guard settings.deviceEndpoint == nil || settings.tokenEndpoint == nil else { return nil }
        var hosts: Set<String> = [endpoints.token.host]
        for endpoint in [endpoints.revocation, endpoints.introspection] {
            if let endpoint { hosts.insert(endpoint.host) }
        }
        if let issuer = settings.issuer { hosts.insert(issuer.host) }
        return hosts
    }

    /// Looks at the one endpoint that is about to get a secret, unless people have named it.
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
        // Once the provider has mended it, nobody has to wait for an hour.
        if let issuer = settings.issuer { surroundings.metadata.forget(issuer) }
        throw .foreignHost(used.host)
    }
}
