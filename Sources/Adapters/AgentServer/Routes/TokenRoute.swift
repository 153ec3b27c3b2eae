internal import AgentAPI
internal import Policy

/// A request for a token, as it was read: the same words always are the same request.
final class TokenAsk: Sendable {
    let account: AccountName
    let request: TokenRequest
    /// The bare token is wanted, or, if an ID token was asked for, that.
    let isText: Bool
    /// What it needs from the rules.
    let access: AccessRequest

    init(account: AccountName, request: TokenRequest, isText: Bool) {
        self.account = account
        self.request = request
        self.isText = isText
        // Who takes the bare ID token gets no access token with it.
        let permissions: [Permission] =
            switch (request.includesIDToken, isText) {
            case (false, _): [.token]
            case (true, false): [.token, .idToken]
            case (true, true): [.idToken]
            }
        access = AccessRequest(permissions, on: account, scopes: request.target?.scopes ?? [])
    }
}

/// One that the rules allow, with their bound.
struct AdmittedToken: Sendable {
    let ask: TokenAsk
    let admission: Admission

    var request: TokenRequest {
        var request = ask.request
        request.bound = admission.bound
        // An ID token has no scopes, but is asked for as an access token is.
        if ask.isText && request.includesIDToken { request.bound?.scopes = nil }
        return request
    }
}

/// One whose answer takes waiting.
struct DeferredToken: Sendable {
    let ask: TokenAsk
    /// Nil: it could not be decided at once.
    let admission: Admission?
}

/// Reads a request for a token, and answers it.
extension Router {
    /// The answer to a request that was read, if it takes no waiting.
    func answerAtOnce(_ ask: TokenAsk, _ identity: any CallerIdentity) -> AtOnce {
        do throws(Problem) {
            guard let admission = try gate.admitAtOnce(ask.access, identity) else {
                return .later(DeferredToken(ask: ask, admission: nil))
            }
            let admitted = AdmittedToken(ask: ask, admission: admission)
            guard let answer = service.tokenAtOnce(ask.account, admitted.request) else {
                return .later(DeferredToken(ask: ask, admission: admission))
            }
            return .reply(reply(try gate.conclude(admission, answer), isText: ask.isText))
        } catch {
            return .reply(.problem(error))
        }
    }

    func token(_ deferred: DeferredToken, _ identity: any CallerIdentity) async throws(Problem) -> Reply {
        // What has been decided is not decided again, because that counts.
        let admission: Admission
        if let decided = deferred.admission {
            admission = decided
        } else {
            admission = try await gate.admit(deferred.ask.access, identity)
        }
        let admitted = AdmittedToken(ask: deferred.ask, admission: admission)
        return try await gate.conclude(admission, identity) { () throws(Problem) in
            reply(try await service.token(admitted.ask.account, admitted.request), isText: admitted.ask.isText)
        }
    }

    private func reply(_ token: TokenReply, isText: Bool) -> Reply {
        isText ? .text(token.idToken ?? token.accessToken) : .json(token)
    }

    /// Nil for a request that is for something else than a token.
    func tokenAsk(_ request: APIRequest) throws(Problem) -> TokenAsk? {
        guard request.route?.resource == .token, let account = request.route?.account else { return nil }
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
