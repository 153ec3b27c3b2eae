internal import Configuration
internal import OAuth

extension Provider {
    /// Returns why the provider would refuse the authorization details; `nil` if its metadata does not say so. Nothing is
    /// sent: RFC 9396 §10.
    func refusal(of details: AuthorizationDetails?) async -> ProviderError? {
        guard let details, let metadata = await metadata() else { return nil }
        let unknown = details.unsupportedTypes(metadata.detailTypes)
        guard !unknown.isEmpty else { return nil }
        return ProviderError(
            code: "invalid_authorization_details",
            detail: "it does not list the type '\(unknown.joined(separator: "', '"))'", status: 400)
    }
}
