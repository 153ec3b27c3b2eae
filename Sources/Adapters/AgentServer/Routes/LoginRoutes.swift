internal import AgentAPI

/// Login, its cancellation, and logout.
extension Router {
    func loginScopes(_ request: APIRequest) throws(Problem) -> [String] {
        try body(request, LoginRequest.self)?.settings?.scopes ?? []
    }

    func login(_ account: AccountName, _ routed: RoutedRequest) async throws(Problem) -> Answer {
        _ = try QueryParameters(routed.request.query, allowed: [])
        try requireAcceptable(routed.request, LoginEvent.mediaType)
        let asked = try body(routed.request, LoginRequest.self) ?? LoginRequest()
        // Settings decide where the account's secrets are sent, and are written to the account file.
        let permitted = routed.isTrusted ? asked : asked.withoutSettings
        guard permitted == asked else {
            throw Problem(
                .forbidden, "only the agent's owner may change the settings of '\(account)', or demand more of a login",
                hint: "send only 'timeout' and 'qr_code'", reason: "settings_not_allowed"
            )
        }
        let events = try await service.login(account, permitted, within: routed.limits)
        return .stream(.lines(routed.isTrusted ? events : events.redacted))
    }

    func cancelLogin(_ account: AccountName, _ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            try await service.cancelLogin(account)
            return .json(Cancelled(account: account, cancelled: true))
        }
    }

    func answerLogin(_ account: AccountName, _ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            guard let response = try body(routed.request, LoginResponse.self) else {
                throw Problem(.badRequest, "there is no response", hint: "send {\"response\": URL}")
            }
            guard response.response.utf8.count <= LoginResponse.longest else {
                throw Problem(
                    .badRequest, "the response is longer than \(LoginResponse.longest / 1024) KiB",
                    hint: "send the address to which the browser was sent, and nothing else")
            }
            let reply = try await service.answerLogin(account, response)
            return .json(routed.isTrusted ? reply : reply.redacted)
        }
    }

    func logout(_ account: AccountName, _ routed: RoutedRequest) async throws(Problem) -> Answer {
        try await json(routed.request) { () throws(Problem) in
            let asked = try body(routed.request, LogoutRequest.self) ?? LogoutRequest()
            // Only the owner may leave a login behind at the provider, or delete the client.
            guard routed.isTrusted || !asked.goesFurther else {
                throw Problem(
                    .forbidden,
                    "only the agent's owner may forget the client of '\(account)', or a login without revoking it",
                    hint: "send neither 'local' nor 'forget_client'", reason: "settings_not_allowed"
                )
            }
            let reply = try await service.logout(account, asked)
            unreadReplies.drop()
            return .json(routed.isTrusted ? reply : reply.redacted)
        }
    }

    private struct Cancelled: Encodable {
        let account: AccountName
        let cancelled: Bool
    }
}
