internal import AgentAPI

/// A request for a token, as it was read: the same words always are the same request.
final class TokenAsk: Sendable {
    let account: AccountName
    let request: TokenRequest
    /// The bare token is wanted, or, if an ID token was asked for, that.
    let isText: Bool

    init(account: AccountName, request: TokenRequest, isText: Bool) {
        self.account = account
        self.request = request
        self.isText = isText
    }
}

/// Reads a request for a token.
extension Harness {
    /// Nil for a request that is for something else than a token.
    func tokenAsk(_ request: APIRequest) throws(Problem) -> TokenAsk? {
        guard case .token(let account)? = Route(path: request.path) else { return nil }
        let parameters = try QueryParameters(
            request.query, allowed: ["audience", "id_token", "min_valid", "resource", "scope"], repeatable: ["resource"]
        )
        let seconds = try parameters.integer("min_valid", in: 0...Limits.largestMinimumValidity)
        // Whoever takes everything gets JSON.
        let isText = !request.accepts("application/json") && request.accepts("text/plain")
        if !isText { try requireAcceptable(request, "application/json") }
        let asked = TokenRequest(
            minimumValidity: seconds ?? Limits.defaultMinimumValidity,
            includesIDToken: try parameters.bool("id_token") ?? false,
            target: try target(parameters)
        )
        return TokenAsk(account: account, request: asked, isText: isText)
    }

    private func target(_ parameters: QueryParameters) throws(Problem) -> TokenTarget? {
        // RFC 6749 §3.3: scopes are separated by one space; an empty list is a mistake, not the login's own scopes.
        let scopes = parameters.text("scope")?.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        do throws(TokenTarget.Invalid) {
            return try TokenTarget(
                scopes: scopes ?? [], resources: parameters.all("resource"), audience: parameters.text("audience")
            )
        } catch {
            throw Problem(
                .badRequest, "\(error.parameter.rawValue) \(error.problem)", hint: "see GET …/token in authagent-api(7)"
            )
        }
    }
}
