internal import AgentAPI

/// Tokens that a service has refused.
extension Harness {
    func rejectToken(
        _ account: AccountName, _ request: APIRequest, _ admission: Admission
    ) async throws(Problem) -> Answer {
        _ = try QueryParameters(request.query, allowed: [])
        try requireAcceptable(request, "application/json")
        var (asked, digest) = try rejection(request)
        asked.bound = admission.bound
        return .reply(.json(try await service.rejectToken(account, asked, digest: digest)))
    }

    /// Which token was refused, as the request that it is served for.
    func rejection(_ request: APIRequest) throws(Problem) -> (request: TokenRequest, digest: [UInt8]?) {
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
