internal import SecretMemory

/// What a login by code requests (RFC 6749 §4.1.1, OpenID Connect Core 1.0 §3.1.2.1), without what is new in each
/// login.
public struct AuthorizationRequest: Sendable {
    public var scopes: [String]
    /// RFC 8707 §2.
    public var resources: [String] = []
    /// Common, but not a standard.
    public var audience: String?
    public var loginHint: String?
    /// In order of preference.
    public var acrValues: [String] = []
    /// In seconds.
    public var maxAge: Int?
    /// The parameter `claims`, as JSON text (OpenID Connect Core 1.0 §5.5).
    public var claims: String?
    /// RFC 9396 §2.
    public var details: AuthorizationDetails?
    /// Parameters of the account file; those above win.
    public var more = AuthorizationParameters.none

    public init(scopes: [String]) { self.scopes = scopes }
}

extension AuthorizationRequest {
    /// Returns all parameters, of a client at a provider of this dialect.
    func parameters(
        _ client: Client, _ dialect: RequestDialect, _ transaction: AuthorizationTransaction
    ) -> [FormEncoding.Parameter] {
        var parameters: [FormEncoding.Parameter] = [
            .plain("response_type", "code"), .plain("client_id", client.id),
            .plain("redirect_uri", transaction.redirectURI.text),
        ]
        if !scopes.isEmpty {
            let name = dialect.encoding.authorizationScopeParameter ?? dialect.scopeParameter
            parameters.append(.plain(name, scopes.joined(separator: " ")))
        }
        parameters += [
            .secret("state", transaction.state), .plain("code_challenge", transaction.proofKey.challenge),
            .plain("code_challenge_method", "S256"),
        ]
        func add(_ name: String, _ value: String?) {
            if let value { parameters.append(.plain(name, value)) }
        }
        add("nonce", transaction.nonce)
        add("login_hint", loginHint)
        add("acr_values", acrValues.isEmpty ? nil : acrValues.joined(separator: " "))
        add("max_age", maxAge.map { "\($0)" })
        add("claims", claims)
        for resource in resources { add("resource", resource) }
        add("audience", audience)
        add("authorization_details", details?.text)
        let taken = Set(parameters.map(\.name))
        for (name, value) in more.values.sorted(by: { $0.key < $1.key }) where !taken.contains(name) {
            add(name, value)
        }
        return parameters
    }
}

extension AuthorizationServer {
    /// In bytes. RFC 9110 §4.1 recommends that servers take 8000.
    private static let longestAddress = 8_000

    /// Returns the address for the user's browser: with all parameters (RFC 6749 §4.1.1), or after a push with the
    /// reference to them alone (RFC 9126 §4).
    public func authorizationURL(
        _ request: AuthorizationRequest, _ transaction: AuthorizationTransaction, pushed: PushedRequest? = nil
    ) throws(OAuthFailure) -> String {
        let endpoint = try endpoints.requiredAuthorization()
        let parameters =
            pushed.map { [.plain("client_id", client.id), .secret("request_uri", $0.requestURI)] }
            ?? request.parameters(client, dialect, transaction)
        // A space as '%20', which is one for every reader: not all take '+' for it outside a form.
        let query = FormEncoding.body(parameters).revealedText().replacing("+", with: "%20")
        // RFC 6749 §3.1: the endpoint's own query stays.
        let separator =
            !endpoint.hasQuery ? "?" : endpoint.text.hasSuffix("?") || endpoint.text.hasSuffix("&") ? "" : "&"
        let address = endpoint.text + separator + query
        guard address.utf8.count <= Self.longestAddress else {
            throw .codeFlowUnsupported(
                detail: "the login's address would be longer than \(Self.longestAddress) bytes; request fewer scopes or"
                    + " details, or use a provider that takes pushed requests")
        }
        return address
    }
}
