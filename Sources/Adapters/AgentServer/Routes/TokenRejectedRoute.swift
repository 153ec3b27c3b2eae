internal import AgentAPI

/// Reports of tokens that a resource server has refused.
extension Router {
    func rejectedScopes(_ request: APIRequest) throws(Problem) -> [String] {
        try rejection(request).request.target?.scopes ?? []
    }

    func tokenRejected(_ account: AccountName, _ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            let (asked, digest) = try rejection(routed.request)
            return .json(try await service.rejectToken(account, asked, digest: digest, within: routed.limits))
        }
    }

    /// Reads the report: the request that gets the refused token, and the token's digest.
    private func rejection(_ request: APIRequest) throws(Problem) -> (request: TokenRequest, digest: [UInt8]?) {
        let hint = "see POST …/token/rejected in authagent-api(7)"
        let asked = try body(request, TokenRejection.self) ?? TokenRejection()
        let digest = asked.digest
        guard asked.tokenSHA256 == nil || digest != nil else {
            throw Problem(.badRequest, "token_sha256 is not 64 hexadecimal digits", hint: hint)
        }
        do throws(TokenTarget.Invalid) { return (TokenRequest(target: try asked.target()), digest) } catch {
            throw Problem(.badRequest, "\(error.parameter.rawValue) \(error.problem)", hint: hint)
        }
    }
}
