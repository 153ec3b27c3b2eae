internal import AgentAPI
internal import OAuth
internal import Policy

/// A parsed request for a token.
final class TokenAsk: Sendable {
    let account: AccountName
    /// How a URL selected the account; `nil` if the request names it.
    let selection: URLSelection?
    let request: TokenRequest
    /// Whether the client wants only the token as text; with `id_token=true`, only the ID token.
    let isText: Bool
    /// The permissions and scopes that the rules must allow.
    let access: AccessRequest

    init(account: AccountName, request: TokenRequest, isText: Bool, selection: URLSelection? = nil) {
        (self.account, self.selection) = (account, selection)
        self.request = request
        self.isText = isText
        access = AccessRequest(
            Self.permissions(request, isText: isText), on: account, scopes: request.target?.scopes ?? [],
            authorizationTypes: request.target?.detailTypes ?? [])
    }

    static func permissions(_ request: TokenRequest, isText: Bool) -> [Permission] {
        guard request.acrValues.isEmpty else { return [.token, .elevated] }
        return switch (request.includesIDToken, isText) {
        case (false, _): [.token]
        case (true, false): [.token, .idToken]
        // A bare ID token comes without an access token, so 'token' is not required.
        case (true, true): [.idToken]
        }
    }
}

/// A token request that the rules allow.
struct AdmittedToken: Sendable {
    let ask: TokenAsk
    let admission: Admission

    var limits: CallerLimits {
        var limits = admission.limits
        // A bound must not refuse a bare ID token for what it does not have: scopes and authorization details.
        if ask.isText && ask.request.includesIDToken {
            limits.bound?.scopes = nil
            limits.bound?.authorizationTypes = nil
        }
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
            let decided: Admission
            do throws(Problem) {
                guard let admission = try gate.admitAtOnce(ask.access, identity) else {
                    return .later(.token(DeferredToken(ask: ask, admission: nil)))
                }
                decided = admission
            } catch { throw hidden(error, of: ask) }
            guard let admission = try gate.confirmedAtOnce(decided, identity) else {
                if ask.request.wait == 0 { throw gate.unconfirmed(decided) }
                return .later(.token(DeferredToken(ask: ask, admission: decided)))
            }
            let admitted = AdmittedToken(ask: ask, admission: admission)
            // A request for a newer token is not answered from memory.
            guard ask.request.newerThan == nil,
                let answer = service.tokenAtOnce(ask.account, ask.request, within: admitted.limits)
            else {
                return .later(.token(DeferredToken(ask: ask, admission: admission)))
            }
            return .reply(reply(try gate.conclude(admission, answer), to: ask))
        } catch {
            return .reply(.problem(error))
        }
    }

    func token(
        _ deferred: DeferredToken, _ identity: any CallerIdentity, _ replyDeadline: ReplyDeadline
    ) async throws(Problem) -> Reply {
        // Do not decide twice: each decision uses up the rule's rate limit.
        let decided: Admission
        if let admission = deferred.admission {
            decided = admission
        } else {
            do throws(Problem) { decided = try await gate.admit(deferred.ask.access, identity) } catch {
                throw hidden(error, of: deferred.ask)
            }
        }
        let admission = try await gate.confirm(decided, identity, replyDeadline, isLocked: service.isLocked)
        let admitted = AdmittedToken(ask: deferred.ask, admission: admission)
        return try await gate.conclude(admission, identity) { () throws(Problem) in
            let ask = admitted.ask
            if let newerThan = ask.request.newerThan {
                return try await newerToken(than: newerThan, admitted)
            }
            return reply(try await service.token(ask.account, ask.request, within: admitted.limits), to: ask)
        }
    }

    private func newerToken(than newerThan: Int, _ admitted: AdmittedToken) async throws(Problem) -> Reply {
        let ask = admitted.ask
        switch try await service.newerToken(ask.account, ask.request, than: newerThan, within: admitted.limits) {
        case .newer(let token, let tag):
            var reply = reply(token, to: ask)
            reply.tag = tag
            return reply
        case .same(let tag): return .notModified(tag: tag)
        }
    }

    private func reply(_ token: TokenReply, to ask: TokenAsk) -> Reply {
        guard !ask.isText else { return .text(token.idToken ?? token.accessToken) }
        var token = token
        let mapped = ask.selection?.mapped
        (token.gitUsername, token.registryUsername) = (mapped?.gitUsername, mapped?.registryUsername)
        return .json(token)
    }

    /// Parses a request for an account's token.
    func tokenAsk(_ request: APIRequest, of account: AccountName) throws(Problem) -> TokenAsk {
        let parameters = try QueryParameters(
            request.query, allowed: Self.tokenParameters, repeatable: ["resource"])
        let (asked, isText) = try tokenRequest(parameters, request)
        return TokenAsk(account: account, request: asked, isText: isText)
    }

    static let tokenParameters = [
        "acr", "audience", "authorization_details", "id_token", "min_valid", "newer_than", "resource", "scope", "wait",
    ]

    /// Reads what both routes of tokens have in common: the parameters, and whether the client wants the token as text.
    func tokenRequest(
        _ parameters: QueryParameters, _ request: APIRequest
    ) throws(Problem) -> (request: TokenRequest, isText: Bool) {
        let seconds = try parameters.integer("min_valid", in: 0...Limits.largestMinimumValidity)
        // JSON wins a tie.
        let preference = request.preference
        let isText = preference.weight(of: "text/plain") > preference.weight(of: "application/json")
        if !isText { try requireAcceptable(request, "application/json") }
        var asked = TokenRequest(
            minimumValidity: seconds ?? Limits.defaultMinimumValidity,
            includesIDToken: try parameters.bool("id_token") ?? false,
            target: try target(parameters), wait: try parameters.integer("wait", in: 0...Limits.longestWait),
            newerThan: try parameters.integer("newer_than", in: 0...Limits.latestTime)
        )
        if let acr = parameters.text("acr") { asked.acrValues = try contexts(acr, in: asked) }
        return (asked, isText)
    }

    /// Reads the list of authentication contexts. An elevated login has one access token, which is not renewed.
    private func contexts(_ acr: String, in request: TokenRequest) throws(Problem) -> [String] {
        let hint = "see GET …/token in authagent-api(7)"
        let names = AuthenticationContexts.names(in: acr)
        if let problem = AuthenticationContexts.problem(in: names) {
            throw Problem(.badRequest, "acr \(problem)", hint: hint)
        }
        guard !request.includesIDToken, request.target == nil, request.newerThan == nil else {
            throw Problem(
                .badRequest,
                "acr cannot be combined with id_token, newer_than, scope, resource, audience or authorization_details",
                hint: "send acr with min_valid and wait only, for the access token as the login got it")
        }
        return names
    }

    private func target(_ parameters: QueryParameters) throws(Problem) -> TokenTarget? {
        // RFC 6749 §3.3: scopes are separated by one space. An empty list is an error, not the login's own scopes.
        let scopes = parameters.text("scope")?.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let hint = "see GET …/token in authagent-api(7)"
        let details = try AuthorizationDetails.requested(parameters.text("authorization_details"), hint: hint)
        do throws(TokenTarget.Invalid) {
            return try TokenTarget(
                scopes: scopes ?? [], resources: parameters.all("resource"), audience: parameters.text("audience"),
                authorizationDetails: details?.text
            )
        } catch {
            throw Problem(.badRequest, "\(error.parameter.rawValue) \(error.problem)", hint: hint)
        }
    }
}
