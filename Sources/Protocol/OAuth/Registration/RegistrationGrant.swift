/// The grant for which a client is registered (RFC 7591 §2).
public enum RegistrationGrant: Sendable, Equatable {
    case device
    /// `issuerURL`: for AWS, the start URL of the organization.
    case code(RedirectURI, issuerURL: String? = nil)
    /// OpenID CIBA Core 1.0 §4, for a client that polls.
    case backchannel

    /// The grant types that are requested, by their standard names.
    public var types: [String] { [grantType, "refresh_token"] }

    /// `nil` if the grant has none.
    public var redirectURI: RedirectURI? {
        if case .code(let redirectURI, _) = self { redirectURI } else { nil }
    }

    /// Whether a registered client can log in by this grant. `types` and `redirectURIs` are what the provider said, or
    /// else what was requested; `nil` for a client of a record without them, which was registered for the device grant.
    public func isCovered(byTypes types: [String]?, redirectURIs: [String]?) -> Bool {
        guard let types else { return self == .device }
        return isAmong(types) && isCovered(byRedirectURIs: redirectURIs ?? [])
    }
}

extension RegistrationGrant {
    var grantType: String {
        switch self {
        case .device: "urn:ietf:params:oauth:grant-type:device_code"
        case .code: "authorization_code"
        case .backchannel: "urn:openid:params:grant-type:ciba"
        }
    }

    /// Glewlwyd's name for it; `nil` if that is the standard's.
    var otherGrantType: String? { self == .device ? "device_authorization" : nil }

    /// For a message.
    var title: String {
        switch self {
        case .device: "device authorization grant"
        case .code: "authorization code grant"
        case .backchannel: "CIBA grant"
        }
    }

    /// Whether clients of the grant must authenticate.
    var isConfidential: Bool { self == .backchannel }

    /// OpenID Connect Registration 1.0 §2: native clients have loopback redirect URIs, others https. `nil` if the grant
    /// has none.
    var applicationType: String? { redirectURI.map { $0.isLoopback ? "native" : "web" } }

    func isAmong(_ types: [String]) -> Bool {
        types.contains(grantType) || otherGrantType.map(types.contains) ?? false
    }

    /// Whether the grant needs none, or a registered one is the same but for a loopback port (RFC 8252 §7.3).
    func isCovered(byRedirectURIs redirectURIs: [String]) -> Bool {
        guard let redirectURI else { return true }
        return redirectURIs.contains { text in
            text == redirectURI.text
                || redirectURI.takesAnyPort
                    && (try? RedirectURI(parsing: text)).map { redirectURI.isSame(as: $0) } ?? false
        }
    }
}
