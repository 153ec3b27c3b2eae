internal import AgentAPI
internal import OAuth
internal import Policy

/// Reports of tokens that a resource server has refused.
extension Router {
    func rejectionAccess(_ account: AccountName, _ request: APIRequest) throws(Problem) -> AccessRequest {
        let token = try rejected(request).request
        return AccessRequest(
            TokenAsk.permissions(token, isText: false), on: account, scopes: token.target?.scopes ?? [],
            authorizationTypes: token.target?.detailTypes ?? [])
    }

    func tokenRejected(_ account: AccountName, _ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            var report = try rejected(routed.request)
            // Others need not learn which elevated logins there are.
            report.mayBeElevated = routed.caller.map { gate.allows($0, .elevated, on: account) } ?? false
            return .json(try await service.rejectToken(account, report, within: routed.limits))
        }
    }

    private func rejected(_ request: APIRequest) throws(Problem) -> RejectedToken {
        let hint = "see POST …/token/rejected in authagent-api(7)"
        var asked = try body(request, TokenRejection.self) ?? TokenRejection()
        func refusal(_ problem: String) -> Problem { Problem(.badRequest, problem, hint: hint) }
        asked.authorizationDetails = try AuthorizationDetails.requested(asked.authorizationDetails, hint: hint)?.text
        let digest = asked.digest
        guard asked.tokenSHA256 == nil || digest != nil else {
            throw refusal("token_sha256 is not 64 hexadecimal digits")
        }
        let challenge = asked.wwwAuthenticate
        guard (challenge?.utf8.count ?? 0) <= RejectedToken.longestChallenge else {
            throw refusal("www_authenticate is longer than \(RejectedToken.longestChallenge) bytes")
        }
        var token: TokenRequest
        do throws(TokenTarget.Invalid) { token = TokenRequest(target: try asked.target()) } catch {
            throw refusal("\(error.parameter.rawValue) \(error.problem)")
        }
        if let acr = asked.acr {
            token.acrValues = AuthenticationContexts.names(in: acr)
            if let problem = AuthenticationContexts.problem(in: token.acrValues) { throw refusal("acr \(problem)") }
            guard token.target == nil else {
                throw refusal("acr cannot be combined with scope, resource or audience")
            }
        }
        return RejectedToken(token, digest: digest, challenge: challenge)
    }
}
