internal import AgentAPI
internal import Policy

/// A request for a token, as it was read.
struct AskedToken: Sendable {
    var request: TokenRequest
    /// The bare token is wanted, or, if an ID token was asked for, that.
    var isText: Bool

    /// Who takes the bare ID token gets no access token with it.
    func access(_ account: AccountName) -> AccessRequest {
        let permissions: [Permission] =
            switch (request.includesIDToken, isText) {
            case (false, _): [.token]
            case (true, false): [.token, .idToken]
            case (true, true): [.idToken]
            }
        return AccessRequest(permissions, on: account, scopes: request.target?.scopes ?? [])
    }
}

/// One that the rules allow, with their bound.
struct AdmittedToken: Sendable {
    let account: AccountName
    let request: TokenRequest
    let isText: Bool
    let admission: Admission

    init(_ account: AccountName, _ asked: AskedToken, _ admission: Admission) {
        self.account = account
        var request = asked.request
        // An ID token has no scopes.
        if !(asked.isText && request.includesIDToken) { request.bound = admission.bound }
        self.request = request
        isText = asked.isText
        self.admission = admission
    }
}

/// Reads a request for a token, and answers it.
extension Harness {
    func tokenAtOnce(
        _ account: AccountName, _ request: APIRequest, _ identity: any CallerIdentity
    ) throws(Problem) -> AtOnce {
        let asked = try tokenRequest(request)
        guard let admission = try gate.admitAtOnce(asked.access(account), identity) else { return .later(nil) }
        let admitted = AdmittedToken(account, asked, admission)
        guard let answer = service.tokenAtOnce(account, admitted.request) else { return .later(admitted) }
        return .reply(reply(try gate.conclude(admission, answer), isText: admitted.isText))
    }

    func token(_ admitted: AdmittedToken) async throws(Problem) -> Reply {
        try await gate.conclude(admitted.admission) { () throws(Problem) in
            reply(try await service.token(admitted.account, admitted.request), isText: admitted.isText)
        }
    }

    private func reply(_ token: TokenReply, isText: Bool) -> Reply {
        isText ? .text(token.idToken ?? token.accessToken) : .json(token)
    }

    func tokenRequest(_ request: APIRequest) throws(Problem) -> AskedToken {
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
        return AskedToken(request: asked, isText: isText)
    }

    /// How long the client wants to wait for an answer; nil if it does not say. For a request that was read before.
    func wait(of request: APIRequest) -> Duration? {
        guard case .token? = Route(path: request.path) else { return nil }
        return (try? tokenRequest(request))?.request.wait.map { .seconds($0) }
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
