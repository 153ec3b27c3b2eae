import Foundation

/// A valid authorization request (RFC 6749 §4.1.1).
struct AuthorizationRequest {
    enum Refusal: Error {
        /// Shown to the person, because the client or its redirect URI is not known (§4.1.2.1).
        case shown(String)
        /// Sent to the redirect URI.
        case sent(error: String, redirectURI: String, state: String?)

        var code: String {
            switch self {
            case .shown(let code), .sent(let code, _, _): code
            }
        }
    }

    let parameters: [String: String]
    let redirectURI: String
    let challenge: String?
    var grant: Grant

    var state: String? { parameters["state"] }

    init(_ parameters: [String: String], _ issuer: IssuerState) throws(Refusal) {
        guard let rules = issuer.code, let client = parameters["client_id"], !client.isEmpty else {
            throw .shown("invalid_client")
        }
        let registered = issuer.clients[client]
        guard !client.hasPrefix(DemoIssuer.registeredPrefix) || registered != nil else {
            throw .shown("invalid_client")
        }
        guard let redirectURI = parameters["redirect_uri"],
            Self.isKnown(redirectURI, registered.map { Set($0.redirectURIs) } ?? rules.redirectURIs, rules)
        else { throw .shown("invalid_redirect_uri") }
        func refusal(_ error: String) -> Refusal {
            .sent(error: error, redirectURI: redirectURI, state: parameters["state"])
        }
        guard parameters["response_type"] == "code" else { throw refusal("unsupported_response_type") }
        guard registered?.grantTypes.contains("authorization_code") ?? true else {
            throw refusal("unauthorized_client")
        }
        challenge = rules.challengeMethods == nil ? nil : parameters["code_challenge"]
        if let methods = rules.challengeMethods {
            // Without the parameter the method is `plain` (RFC 7636 §4.3).
            let method = parameters["code_challenge_method"] ?? "plain"
            guard method == "S256", methods.contains(method), challenge?.utf8.count == 43 else {
                throw refusal("invalid_request")
            }
        }
        do {
            grant = try Grant(client: client, parameters, issuer.authentication, types: issuer.detailTypes)
        } catch {
            throw refusal(error.code)
        }
        self.parameters = parameters
        self.redirectURI = redirectURI
    }

    private static func isKnown(_ uri: String, _ known: Set<String>?, _ rules: DemoIssuer.CodeRules) -> Bool {
        if let known, known.contains(uri) { return true }
        guard let plain = withoutLoopbackPort(uri) else { return false }
        guard let known else { return true }
        return rules.hasVariablePort && known.contains { withoutLoopbackPort($0) == plain }
    }

    /// `nil` unless the address is one of loopback, by number, with nothing that a comparison could overlook.
    private static func withoutLoopbackPort(_ uri: String) -> String? {
        guard var parts = URLComponents(string: uri), parts.scheme == "http",
            ["127.0.0.1", "[::1]"].contains(parts.host), parts.user == nil, parts.password == nil, parts.fragment == nil
        else { return nil }
        parts.port = nil
        return parts.string
    }
}
