internal import AgentAPI
internal import Policy

/// Accounts: their state, and the inspection of their tokens.
extension Router {
    func accounts(_ request: APIRequest, _ view: AccessView) async throws(Problem) -> Answer {
        try await json(request) { () throws(Problem) in
            let report = await service.status(of: view.isVisible)
            guard !view.isTrusted else { return .json(report) }
            // The view has all facts that a decision on an account needs.
            return .json(report.redacted { gate.gives(view.admission.caller, $0, for: [.token]) })
        }
    }

    func account(_ account: AccountName, _ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            let status = try await service.status(of: account)
            guard !routed.isTrusted else { return .json(status) }
            let caller = try await gate.callerOnAnyAccount(routed.identity)
            return .json(status.redacted(withURLs: gate.gives(caller, account, for: [.token])))
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
            // Introspection of a foreign token would use the owner's client.
            guard routed.isTrusted || asked.token == nil else {
                throw Problem(
                    .forbidden, "only the agent's owner may inspect tokens other than the account's",
                    hint: "remove the member 'token'", reason: "token_not_allowed"
                )
            }
            let reply = try await service.inspect(account, asked)
            return .json(routed.isTrusted ? reply : reply.redacted)
        }
    }
}
