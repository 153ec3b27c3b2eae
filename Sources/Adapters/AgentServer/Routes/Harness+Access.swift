internal import AgentAPI
internal import Formats
internal import Policy

/// What each resource needs from the rules.
extension Harness {
    enum Need: Equatable {
        /// Nothing: it is for whoever may connect.
        case open
        /// This for each account that is to be in the list.
        case list(Permission)
        case decided(AccessRequest)
    }

    func access(_ route: Route, _ request: APIRequest) throws(Problem) -> Need {
        switch route {
        case .health, .openAPI, .providers: return .open
        case .accounts, .events, .metrics: return .list(.status)
        case .account(let account), .inspect(let account?):
            return .decided(AccessRequest([.status], on: account))
        case .token: preconditionFailure("decided where it is read")
        case .tokenRejected(let account):
            return .decided(
                AccessRequest([.token], on: account, scopes: try rejection(request).request.target?.scopes ?? []))
        case .login(let account):
            guard request.method == "POST" else { return .decided(AccessRequest([.login], on: account)) }
            let scopes = try body(request, LoginRequest.self)?.scopes ?? []
            return .decided(AccessRequest([.login], on: account, scopes: scopes))
        case .logout(let account): return .decided(AccessRequest([.logout], on: account))
        case .inspect(nil), .reload, .store, .lock, .unlock, .doctor, .policyCheck:
            return .decided(AccessRequest([.admin], on: nil))
        }
    }

    func list(_ route: Route, _ request: APIRequest, _ view: AccessView) async throws(Problem) -> Answer {
        _ = try QueryParameters(request.query, allowed: [])
        if case .events = route { return .stream(try events(request, view)) }
        if case .metrics = route { return .reply(try metrics(request, view)) }
        try requireAcceptable(request, "application/json")
        let report = await service.status(of: view.isVisible)
        return .reply(.json(view.isTrusted ? report : report.forStrangers))
    }

    func login(
        _ account: AccountName, _ request: APIRequest, _ admission: Admission
    ) async throws(Problem) -> Answer {
        _ = try QueryParameters(request.query, allowed: [])
        try requireAcceptable(request, LoginEvent.mediaType)
        var asked = try body(request, LoginRequest.self) ?? LoginRequest()
        // Whoever says where the account's secrets are sent gets them, and what a login asks for is kept in the account's
        // file.
        guard admission.isTrusted || !asked.bringsSettings else {
            throw Problem(
                .forbidden, "only the agent's own user changes the settings of '\(account)'",
                hint: "send none but 'timeout' and 'qr_code'", reason: "settings_not_allowed"
            )
        }
        asked.bound = admission.bound?.scopes
        let events = try await service.login(account, asked)
        return .stream(.lines(admission.isTrusted ? events : events.forStrangers))
    }

    func logout(_ account: AccountName, _ request: APIRequest, isTrusted: Bool) async throws(Problem) -> Answer {
        let asked = try body(request, LogoutRequest.self) ?? LogoutRequest()
        // A login that lives on at the provider, and a client that is gone, are not for others to leave behind.
        guard isTrusted || !asked.goesFurther else {
            throw Problem(
                .forbidden,
                "only the agent's own user forgets the client of '\(account)', or a login without revoking it",
                hint: "send neither 'local' nor 'forget_client'", reason: "settings_not_allowed"
            )
        }
        let reply = try await service.logout(account, asked)
        return .reply(.json(isTrusted ? reply : reply.forStrangers))
    }
}
