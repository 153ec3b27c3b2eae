internal import AgentAPI

/// Accounts: their state, and what is in their tokens.
extension Router {
    func accounts(_ request: APIRequest, _ view: AccessView) async throws(Problem) -> Answer {
        try await json(request) { () throws(Problem) in
            let report = await service.status(of: view.isVisible)
            return .json(view.isTrusted ? report : report.forStrangers)
        }
    }

    func account(_ account: AccountName, _ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            let status = try await service.status(of: account)
            return .json(routed.isTrusted ? status : status.forStrangers)
        }
    }

    func inspectAccount(_ account: AccountName, _ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await inspect(account, routed)
    }

    /// The token's issuer says which account it is of.
    func inspectToken(_ routed: RoutedRequest) async throws(Problem) -> Answer { try await inspect(nil, routed) }

    private func inspect(_ account: AccountName?, _ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            let asked = try body(routed.request, InspectRequest.self) ?? InspectRequest()
            // The provider would be asked about it with the owner's client.
            guard routed.isTrusted || asked.token == nil else {
                throw Problem(
                    .forbidden, "only the agent's own user has other tokens than the account's inspected",
                    hint: "send no 'token'", reason: "token_not_allowed"
                )
            }
            let reply = try await service.inspect(account, asked)
            return .json(routed.isTrusted ? reply : reply.forStrangers)
        }
    }
}
