internal import AgentAPI

/// Reads a request for a token.
extension Harness {
    func tokenRequest(_ request: APIRequest) throws(Problem) -> (TokenRequest, isText: Bool) {
        let parameters = try QueryParameters(
            request.query, allowed: ["audience", "id_token", "min_valid", "resource", "scope", "wait"],
            repeatable: ["resource"]
        )
        let seconds = try parameters.integer("min_valid", in: 0...Limits.largestMinimumValidity)
        // Whoever likes both as much gets JSON.
        let preference = request.preference
        let isText = preference.weight(of: "text/plain") > preference.weight(of: "application/json")
        if !isText { try requireAcceptable(request, "application/json") }
        let asked = TokenRequest(
            minimumValidity: seconds ?? Limits.defaultMinimumValidity,
            includesIDToken: try parameters.bool("id_token") ?? false,
            target: try target(parameters), wait: try parameters.integer("wait", in: 0...Limits.longestWait)
        )
        return (asked, isText)
    }

    /// How long the client wants to wait for an answer; nil if it does not say. For a request that was read before.
    func wait(of request: APIRequest) -> Duration? {
        guard case .token? = Route(path: request.path) else { return nil }
        return (try? tokenRequest(request))?.0.wait.map { .seconds($0) }
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
