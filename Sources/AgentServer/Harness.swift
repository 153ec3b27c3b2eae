internal import AgentAPI
internal import Policy

/// Between HTTP and the service: decodes a request, calls one function, encodes the reply. Knows no sockets.
struct Harness: Sendable {
    let service: any AgentService

    enum Answer: Sendable {
        case reply(Reply)
        case stream(StreamedReply)
    }

    /// The reply, if it takes no waiting: a cached token, or a request that is wrong.
    func answerAtOnce(_ request: APIRequest, _ caller: Caller) -> Reply? {
        do throws(Problem) {
            guard let route = Route(path: request.path) else {
                throw Problem(.notFound, "there is nothing at this path", hint: "see authagent-api(7)")
            }
            guard route.methods.contains(request.method) else { return methodNotAllowed(route) }
            guard case .token(let account) = route else { return nil }
            let (asked, isText) = try tokenRequest(request)
            switch service.tokenAtOnce(account, asked) {
            case nil: return nil
            case .success(let token)?: return reply(token, isText: isText)
            case .failure(let problem)?: throw problem
            }
        } catch {
            return .problem(error)
        }
    }

    /// The reply to a request that `answerAtOnce` had none for.
    func answer(_ request: APIRequest, _ caller: Caller) async -> Answer {
        do throws(Problem) {
            return try await perform(request, caller)
        } catch {
            return .reply(.problem(error))
        }
    }

    private func perform(_ request: APIRequest, _ caller: Caller) async throws(Problem) -> Answer {
        guard let route = Route(path: request.path) else {
            throw Problem(.notFound, "there is nothing at this path", hint: "see authagent-api(7)")
        }
        if case .token(let account) = route {
            let (asked, isText) = try tokenRequest(request)
            return .reply(reply(try await service.token(account, asked), isText: isText))
        }
        _ = try QueryParameters(request.query, allowed: [])
        if case .openAPI = route { return .reply(try openAPI(request)) }
        if case .login(let account) = route, request.method == "POST" {
            try requireAcceptable(request, LoginEvent.mediaType)
            let asked = try body(request, LoginRequest.self) ?? LoginRequest()
            return .stream(.lines(try await service.login(account, asked)))
        }
        if case .events = route { return .stream(try events(request)) }
        try requireAcceptable(request, "application/json")
        switch route {
        case .accounts: return .reply(.json(await service.status()))
        case .account(let account): return .reply(.json(try await service.status(of: account)))
        case .health: return .reply(.json(await service.health()))
        case .providers: return .reply(.json(service.providers()))
        case .login(let account):
            try await service.cancelLogin(account)
            return .reply(.json(Cancelled(account: account, cancelled: true)))
        case .logout(let account):
            let options = try body(request, LogoutRequest.self) ?? LogoutRequest()
            return .reply(.json(try await service.logout(account, options)))
        case .inspect(let account):
            let asked = try body(request, InspectRequest.self) ?? InspectRequest()
            return .reply(.json(try await service.inspect(account, asked)))
        case .reload:
            try await service.reload()
            return .reply(.json(Reloaded(reloaded: true)))
        case .store: return try await store(request)
        case .lock:
            return .reply(.json(try await service.lock(try body(request, LockRequest.self) ?? LockRequest())))
        case .unlock:
            return .reply(.json(try await service.unlock(try body(request, UnlockRequest.self) ?? UnlockRequest())))
        case .doctor: return .reply(.json(await service.doctor()))
        case .events, .openAPI, .token: preconditionFailure("answered above")
        }
    }

    private struct Cancelled: Encodable {
        let account: AccountName
        let cancelled: Bool
    }

    private struct Reloaded: Encodable { let reloaded: Bool }

    private func methodNotAllowed(_ route: Route) -> Reply {
        let methods = route.methods.joined(separator: ", ")
        var reply = Reply.problem(
            Problem(.methodNotAllowed, "this resource does not know that method", hint: "use \(methods)")
        )
        reply.allowedMethods = route.methods
        return reply
    }

    private func reply(_ token: TokenReply, isText: Bool) -> Reply {
        isText ? .text(token.idToken ?? token.accessToken) : .json(token)
    }

    func requireAcceptable(_ request: APIRequest, _ mediaType: String) throws(Problem) {
        guard request.accepts(mediaType) else { throw notAcceptable(mediaType) }
    }

    func notAcceptable(_ mediaType: String) -> Problem {
        Problem(.notAcceptable, "this resource is sent as \(mediaType)", hint: "send 'Accept: \(mediaType)'")
    }
}
