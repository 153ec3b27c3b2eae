internal import AgentAPI
internal import Policy

/// A parsed request for a token.
final class TokenAsk: Sendable {
    let account: AccountName
    let request: TokenRequest
    /// Whether the client wants only the token as text; with `id_token=true`, only the ID token.
    let isText: Bool
    /// The permissions and scopes that the rules must allow.
    let access: AccessRequest

    init(account: AccountName, request: TokenRequest, isText: Bool) {
        self.account = account
        self.request = request
        self.isText = isText
        // A bare ID token comes without an access token, so 'token' is not required.
        let permissions: [Permission] =
            switch (request.includesIDToken, isText) {
            case (false, _): [.token]
            case (true, false): [.token, .idToken]
            case (true, true): [.idToken]
            }
        access = AccessRequest(permissions, on: account, scopes: request.target?.scopes ?? [])
    }
}

/// A token request that the rules allow.
struct AdmittedToken: Sendable {
    let ask: TokenAsk
    let admission: Admission

    var limits: CallerLimits {
        var limits = admission.limits
        // A scope bound must not refuse a bare ID token: ID tokens have no scopes.
        if ask.isText && ask.request.includesIDToken { limits.bound?.scopes = nil }
        return limits
    }
}

/// A token request whose answer takes waiting.
struct DeferredToken: Sendable {
    let ask: TokenAsk
    /// `nil` if the decision takes waiting too.
    let admission: Admission?
}

/// Requests for tokens.
extension Router {
    /// Answers a parsed request without waiting, if possible.
    func answerAtOnce(_ ask: TokenAsk, _ identity: any CallerIdentity) -> AtOnce {
        do throws(Problem) {
            guard let admission = try gate.admitAtOnce(ask.access, identity) else {
                return .later(DeferredToken(ask: ask, admission: nil))
            }
            let admitted = AdmittedToken(ask: ask, admission: admission)
            guard let answer = service.tokenAtOnce(ask.account, ask.request, within: admitted.limits) else {
                return .later(DeferredToken(ask: ask, admission: admission))
            }
            return .reply(reply(try gate.conclude(admission, answer), isText: ask.isText))
        } catch {
            return .reply(.problem(error))
        }
    }

    func token(_ deferred: DeferredToken, _ identity: any CallerIdentity) async throws(Problem) -> Reply {
        // Do not decide twice: each decision uses up the rule's rate limit.
        let admission: Admission
        if let decided = deferred.admission {
            admission = decided
        } else {
            admission = try await gate.admit(deferred.ask.access, identity)
        }
        let admitted = AdmittedToken(ask: deferred.ask, admission: admission)
        return try await gate.conclude(admission, identity) { () throws(Problem) in
            let ask = admitted.ask
            return reply(
                try await service.token(ask.account, ask.request, within: admitted.limits), isText: ask.isText)
        }
    }

    private func reply(_ token: TokenReply, isText: Bool) -> Reply {
        isText ? .text(token.idToken ?? token.accessToken) : .json(token)
    }

    /// Parses a request for a token; `nil` for any other request.
    func tokenAsk(_ request: APIRequest) throws(Problem) -> TokenAsk? {
        guard request.route?.resource == .token, let account = request.route?.account else { return nil }
        let parameters = try QueryParameters(
            request.query, allowed: ["audience", "id_token", "min_valid", "resource", "scope", "wait"],
            repeatable: ["resource"]
        )
        let seconds = try parameters.integer("min_valid", in: 0...Limits.largestMinimumValidity)
        // JSON wins a tie.
        let preference = request.preference
        let isText = preference.weight(of: "text/plain") > preference.weight(of: "application/json")
        if !isText { try requireAcceptable(request, "application/json") }
        let asked = TokenRequest(
            minimumValidity: seconds ?? Limits.defaultMinimumValidity,
            includesIDToken: try parameters.bool("id_token") ?? false,
            target: try target(parameters), wait: try parameters.integer("wait", in: 0...Limits.longestWait)
        )
        return TokenAsk(account: account, request: asked, isText: isText)
    }

    private func target(_ parameters: QueryParameters) throws(Problem) -> TokenTarget? {
        // RFC 6749 §3.3: scopes are separated by one space. An empty list is an error, not the login's own scopes.
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
